"""Sums over importance-weighted rewards, exact and mergeable: all that intervals of a policy's value need of a log."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import NotEvaluable
from engine.stats.exact import ExactSums

Array = NDArray[np.float64]


class Range(NamedTuple):
    """What can happen at all: declared, not observed."""

    low: float
    high: float

    def require(self, what: str, least: float, greatest: float) -> None:
        """Raises ``NotEvaluable`` if something was seen outside."""
        if not self.low <= least <= greatest <= self.high:
            seen = least if least < self.low else greatest
            raise NotEvaluable(f"{what} {seen:,.6g} was seen, declared are {self.low:,.6g} to {self.high:,.6g}")


class WeightTotals(NamedTuple):
    """The sums, correctly rounded: of w, w², w·r, w²·r, w²·r²."""

    w: float
    ww: float
    wr: float
    wwr: float
    wwrr: float


@dataclass(frozen=True, slots=True)
class Weighted:
    """Rows with a weight of mean 1 and a reward each.

    Attributes:
        sums: see ``WeightTotals``; neither order nor partition of the rows changes a digit.
        weights, rewards: least and greatest that were seen.
    """

    n: int
    sums: ExactSums
    weights: Range
    rewards: Range

    @classmethod
    def of(cls, weights: Array, rewards: Array) -> Weighted:
        """Of these rows. Raises ``NotEvaluable`` without any, and for a negative weight."""
        if not len(weights):
            raise NotEvaluable("there are no rows")
        seen = Range(float(weights.min()), float(weights.max()))
        if seen.low < 0.0:
            raise NotEvaluable(f"the weight of row {int(weights.argmin())} is {seen.low}")
        squared = weights * weights
        times = squared * rewards
        sums = ExactSums.of(weights, squared, weights * rewards, times, times * rewards)
        return cls(len(weights), sums, seen, Range(float(rewards.min()), float(rewards.max())))

    def merge(self, other: Weighted) -> Weighted:
        """Of both sets of rows together."""
        return Weighted(
            self.n + other.n,
            self.sums.merge(other.sums),
            _hull(self.weights, other.weights),
            _hull(self.rewards, other.rewards),
        )

    @property
    def totals(self) -> WeightTotals:
        """The sums, correctly rounded."""
        return WeightTotals(*self.sums.values)

    @property
    def effective(self) -> float:
        """(Σ w)² / Σ w². A. Kong, "A note on importance sampling using standardized weights" (1992)."""
        totals = self.totals
        return totals.w * totals.w / totals.ww if totals.ww > 0.0 else 0.0


def merged(parts: list[Weighted]) -> Weighted:
    """Of all parts together. Raises ``NotEvaluable`` without any."""
    if not parts:
        raise NotEvaluable("there are no rows")
    return reduce(Weighted.merge, parts)


def _hull(ours: Range, theirs: Range) -> Range:
    return Range(min(ours.low, theirs.low), max(ours.high, theirs.high))
