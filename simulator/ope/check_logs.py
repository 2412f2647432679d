"""Logs for the estimator contract, whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.ope.evaluated import Array, Evaluated

ACTIONS = 5


@dataclass(frozen=True, slots=True, eq=False)
class KnownLog:
    """Rows, and the target's true mean reward given their contexts."""

    rows: Evaluated
    truth: float


def modest_log(n: int, seed: int) -> KnownLog:
    """Clicks, a model that knows their true probabilities, and a target that at most doubles a logged probability."""
    rng = np.random.default_rng(seed)
    logger = _pmfs(rng, n)
    target = np.minimum(2.0 * logger, 0.9 * logger + 0.1 * _pmfs(rng, n))
    target /= target.sum(axis=1, keepdims=True)
    truth = rng.uniform(0.1, 0.9, (n, ACTIONS))
    return KnownLog(_drawn(rng, logger, target, truth), float((target * truth).sum(axis=1).mean()))


def uniform_log(n: int, seed: int) -> Evaluated:
    """A uniform logger, a uniform target, and a model that forecasts the mean reward whatever happens."""
    rng = np.random.default_rng(seed)
    uniform = np.full((n, ACTIONS), 1.0 / ACTIONS)
    rows = _drawn(rng, uniform, uniform, rng.uniform(0.1, 0.9, (n, ACTIONS)))
    mean = np.full(n, rows.reward.mean())
    return Evaluated(rows.reward, rows.propensity, rows.target, forecast=mean, baseline=mean)


def wild_log(n: int, seed: int) -> Evaluated:
    """Spending with heavy tails, weights over four orders of magnitude, a poor model, some rows not kept."""
    rng = np.random.default_rng(seed)
    reward = rng.normal(size=n) * np.exp(2.0 * rng.normal(size=n))
    propensity, target = 10.0 ** rng.uniform(-4.0, 0.0, (2, n))
    forecast, baseline = rng.normal(size=(2, n))
    keep = rng.choice([0.25, 0.5, 1.0], size=n)
    return Evaluated(reward, propensity, target, forecast, baseline, keep)


def _pmfs(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return rng.dirichlet(np.full(ACTIONS, 3.0), size=n) * 0.5 + 0.5 / ACTIONS


def _drawn(rng: np.random.Generator, logger: Array, target: Array, truth: Array) -> Evaluated:
    rows = np.arange(len(logger))
    chosen = (rng.random((len(logger), 1)) > logger.cumsum(axis=1)[:, :-1]).sum(axis=1)
    probability = truth[rows, chosen]
    return Evaluated(
        reward=(rng.random(len(rows)) < probability).astype(np.float64),
        propensity=logger[rows, chosen],
        target=target[rows, chosen],
        forecast=probability,
        baseline=(target * truth).sum(axis=1),
    )
