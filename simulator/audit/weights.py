"""Importance weights: how many rows they leave, and whether their mean is 1, as it is where propensities are true."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.stats.sums import Moments
from simulator.audit.deviation import Deviation
from simulator.logs.schema import Array, LoggedBatch
from simulator.ope.evaluated import Evaluated

TOP = 10
"""The heaviest rows, whose share of all weight is told."""

_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Excess:
    """By how much weights exceed 1, for each decision that they stand for; its mean is 0 for true propensities."""

    moments: Moments = field(default_factory=Moments)
    decisions: float = 0.0

    def merge(self, other: Excess) -> Excess:
        """Of both sets of rows together."""
        return Excess(self.moments.merge(other.moments), self.decisions + other.decisions)

    @property
    def mean_weight(self) -> float:
        """Weights over the decisions they stand for; NaN without rows."""
        return 1.0 + self.moments.mean * self.moments.n / self.decisions if self.decisions else float("nan")

    def deviation(self, name: str) -> Deviation:
        """How far the mean weight is from 1, in its standard errors."""
        return Deviation.of_mean(name, self.mean_weight, 1.0, self.moments)


@dataclass(frozen=True, slots=True)
class Weights:
    """What is kept of the weights seen so far; mergeable.

    Attributes:
        moments: of the weights.
        top: the heaviest, in falling order.
        overall, by_day: what they exceed 1 by; days are those of UTC.
    """

    moments: Moments = field(default_factory=Moments)
    top: tuple[float, ...] = ()
    overall: Excess = field(default_factory=Excess)
    by_day: Mapping[str, Excess] = field(default_factory=dict)

    @classmethod
    def of(cls, batch: LoggedBatch, rows: Evaluated) -> Weights:
        """Of some rows, given as logged and as evaluated."""
        if not len(rows):
            return cls()
        weight, excess = rows.weight, rows.counted(rows.ratio - 1.0)
        decisions = np.ones(len(rows)) if rows.keep is None else 1.0 / rows.keep
        return cls(
            Moments.from_array(weight),
            tuple(heapq.nlargest(TOP, weight.tolist())),
            Excess(Moments.from_array(excess), float(decisions.sum())),
            dict(_by_day(batch, excess, decisions)) if batch.has("time") else {},
        )

    def merge(self, other: Weights) -> Weights:
        """Of both sets of rows together."""
        days = {
            day: self.by_day.get(day, Excess()).merge(other.by_day.get(day, Excess()))
            for day in sorted({*self.by_day, *other.by_day})
        }
        top = tuple(heapq.nlargest(TOP, (*self.top, *other.top)))
        return Weights(self.moments.merge(other.moments), top, self.overall.merge(other.overall), days)

    @property
    def effective(self) -> float:
        """Effective sample size: as many rows of equal weight tell as much. L. Kish, "Survey Sampling" (1965)."""
        n, mean = self.moments.n, self.moments.mean
        squares = self.moments.m2 + n * mean * mean
        return (n * mean) ** 2 / squares if squares else 0.0

    @property
    def largest(self) -> float:
        """The largest weight."""
        return self.top[0] if self.top else 0.0

    @property
    def top_share(self) -> float:
        """The heaviest rows' part of all weight."""
        total = self.moments.n * self.moments.mean
        return min(1.0, sum(self.top) / total) if total else 0.0

    def deviations(self) -> Iterator[Deviation]:
        """Of the mean weight from 1: over all, and on each day."""
        yield self.overall.deviation("overall")
        for day, excess in self.by_day.items():
            yield excess.deviation(f"on {day}")


def _by_day(batch: LoggedBatch, excess: Array, decisions: Array) -> Iterator[tuple[str, Excess]]:
    days = batch.time_us // _DAY_US
    for day in np.unique(days[batch.time_us >= 0]).tolist():
        rows = days == day
        name = str(pc.strftime(pa.scalar(day * _DAY_US, pa.timestamp("us")), "%Y-%m-%d"))
        yield name, Excess(Moments.from_array(excess[rows]), float(decisions[rows].sum()))
