"""Logs to replay: of a logger that follows a fixed rule of the context, in a world whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import pytest

from engine.policies.base import Policy
from engine.types import Candidate
from simulator.logs.schema import LoggedBatch
from simulator.runs.logged import logged
from simulator.worlds.logistic import LogisticWorld

WORLD = LogisticWorld(actions=4, features=4, sharpness=2.0)


class Leaning(Policy):
    """Leans to other actions in other contexts, and to the first one everywhere; each has at least 0.08."""

    name = "leaning"

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        odds = [math.exp(shared.get(f"x{n}", 0.0) + (n == 0)) for n in range(len(candidates))]
        return [0.68 * each / sum(odds) + 0.32 / len(odds) for each in odds]


class LogOf(Protocol):
    """Makes the log of a policy."""

    def __call__(self, policy: Policy, count: int, seed: int) -> list[LoggedBatch]: ...


@pytest.fixture
def log_of() -> LogOf:
    """Logs of any policy in the world."""
    return lambda policy, count, seed: list(logged(policy, WORLD, count, seed))


@pytest.fixture
def world() -> LogisticWorld:
    """Where the logs are from."""
    return WORLD


@pytest.fixture
def leaning() -> Policy:
    """The logger of most logs."""
    return Leaning()
