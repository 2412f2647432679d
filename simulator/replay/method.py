"""What a way of replaying is: from which rows the policy learns, and which rows say what it earned."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from engine.policies.base import Policy
from simulator.logs.schema import Array
from simulator.ope.evaluated import Evaluated
from simulator.replay.replayable import Replayable
from simulator.replay.replayed import Replayed


class Method(ABC):
    """Base of every method.

    Attributes:
        estimator: which one makes a value of the rows.
        needs_model: whether it needs ``replay.forecasts``.
        own_history: whether the policy learns what it would have seen itself; if not, what the logger saw.
    """

    name: ClassVar[str]
    estimator: ClassVar[str]
    needs_model: ClassVar[bool] = False
    own_history: ClassVar[bool] = True

    @abstractmethod
    def check(self, log: Replayable) -> None:
        """Raise ``NotEvaluable`` where the log cannot carry this."""

    @abstractmethod
    def replay(self, policy: Policy, log: Replayable, salt: bytes) -> Replayed:
        """Send the policy through the log. Raises ``NotEvaluable``."""

    @abstractmethod
    def evaluated(self, log: Replayable, replayed: Replayed, forecasts: Array | None) -> Evaluated:
        """The rows that say what the policy earned."""


def weighed(log: Replayable, replayed: Replayed, keep: Array, forecasts: Array | None = None) -> Evaluated:
    """Every row from the first on, with the policy's probability when it met it.

    Args:
        forecasts: flat, of all candidates of the log.
    """
    batch, offsets = log.batch, log.batch.offsets
    first, start = replayed.first, offsets[replayed.first]
    place = offsets[first:-1] + batch.chosen[first:]
    forecast = baseline = None
    if forecasts is not None:
        forecast = forecasts[place]
        baseline = np.add.reduceat(replayed.pmf * forecasts[start:], offsets[first:-1] - start)
    target = replayed.pmf[place - start]
    return Evaluated(batch.reward[first:], batch.propensity[first:], target, forecast, baseline, keep)


def earned(log: Replayable, replayed: Replayed) -> Evaluated:
    """The rows that were learned, as if the policy had shown them itself."""
    reward = log.batch.reward[replayed.first :][replayed.learned]
    certain = np.ones(len(reward))
    return Evaluated(reward, certain, certain)
