"""A log whose weights reach ninety, as they do where a logger had a clear opinion and the target has another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ACTIONS = 10
_TASTES = np.random.default_rng(7).normal(size=(3, ACTIONS, ACTIONS))


class _Known(NamedTuple):
    """Contexts: the pmfs of logger and target, and the true mean reward of every action."""

    logger: Array
    target: Array
    truth: Array


class Rows(NamedTuple):
    """What was logged."""

    weight: Array
    reward: Array


def _contexts(n: int, rng: np.random.Generator) -> _Known:
    """10 actions, 10 features, softmax logger with at least .01 for each, softmax target, clicks."""
    x = rng.normal(size=(n, ACTIONS))
    logger = 0.9 * _softmax(0.6 * (x @ _TASTES[0])) + 0.01
    target = _softmax(0.6 * (x @ (0.3 * _TASTES[0] + _TASTES[2])))
    return _Known(logger, target, 1.0 / (1.0 + np.exp(0.35 - 0.35 * (x @ _TASTES[2]))))


def drawn(n: int, *seed: int) -> Rows:
    """A log of n rows."""
    rng = np.random.default_rng(seed)
    known, rows = _contexts(n, rng), np.arange(n)
    chosen = (rng.random((n, 1)) > known.logger.cumsum(axis=1)[:, :-1]).sum(axis=1)
    reward = (rng.random(n) < known.truth[rows, chosen]).astype(np.float64)
    return Rows(known.target[rows, chosen] / known.logger[rows, chosen], reward)


def truth(n: int = 1_000_000) -> float:
    """The target's value, with an error of some .0003."""
    known = _contexts(n, np.random.default_rng(1))
    return float((known.target * known.truth).sum(axis=1).mean())


def _softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
