"""How often each action was chosen, against what the logged probabilities say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields

import numpy as np
import pyarrow.compute as pc

from engine.stats.sums import Moments
from simulator.audit.deviation import TELLING, Deviation
from simulator.logs.schema import Array, LoggedBatch

UNIFORM_TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class Tally:
    """Of one action: sums over the rows in which it could be chosen.

    Attributes:
        rows, chosen: in which it was a candidate, and in which it was chosen.
        inverse, inverse_squares: sums of 1 / propensity and of its square, where it was chosen.
        priced, priced_chosen, expected, variance: of the rows that have a pmf: their number, how often it was chosen
            in them, how often it should have been, and that count's variance.
        even, even_variance: how often it should have been chosen were all candidates equally probable.
        excluded: the pmf gave it probability 0.
        target: the probability that the target gives it, summed; ``unsupported``: where the logger gave it none.
    """

    rows: float = 0.0
    chosen: float = 0.0
    inverse: float = 0.0
    inverse_squares: float = 0.0
    priced: float = 0.0
    priced_chosen: float = 0.0
    expected: float = 0.0
    variance: float = 0.0
    even: float = 0.0
    even_variance: float = 0.0
    excluded: float = 0.0
    target: float = 0.0
    unsupported: float = 0.0

    def merge(self, other: Tally) -> Tally:
        """Of both sets of rows together."""
        return Tally(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def deviation(self, action: str, *, uniform: bool) -> Deviation:
        """By the best test there is: with pmfs, with propensities that are all 1 / n, or with weights."""
        if self.priced == self.rows:
            return Deviation.of_count(action, self.priced_chosen, self.expected, self.variance, int(self.rows))
        if uniform:
            return Deviation.of_count(action, self.chosen, self.even, self.even_variance, int(self.rows))
        if self.chosen < TELLING:
            return Deviation(action, self.inverse / self.rows, 1.0, float("nan"), 1.0, int(self.rows))
        mean = self.inverse / self.rows
        spread = self.inverse_squares - self.rows * mean * mean
        moments = Moments(int(self.rows), mean - 1.0, spread)
        return Deviation.of_mean(action, mean, 1.0, moments)


@dataclass(frozen=True, slots=True)
class Actions:
    """Tallies by action id; mergeable.

    Attributes:
        uniform: whether every row's propensity is 1 / number of its candidates.
    """

    tallies: Mapping[str, Tally] = field(default_factory=dict)
    uniform: bool = True
    rows: int = 0

    @classmethod
    def of(cls, batch: LoggedBatch, target_pmf: Array | None = None) -> Actions:
        """Of some usable rows.

        Args:
            target_pmf: the target's probabilities of all candidates of all rows, as ``batch.actions`` has them.
        """
        if not len(batch):
            return cls()
        coded = pc.dictionary_encode(batch.actions)
        names = coded.dictionary.to_pylist()
        codes = coded.indices.to_numpy(zero_copy_only=False)
        sums = dict(_sums(batch, codes, target_pmf))
        columns = {name: np.bincount(at, values, len(names)).tolist() for name, (at, values) in sums.items()}
        tallies = {id: Tally(**{name: column[at] for name, column in columns.items()}) for at, id in enumerate(names)}
        even = np.abs(batch.propensity * np.diff(batch.offsets) - 1.0) < UNIFORM_TOLERANCE
        return cls(tallies, bool(even.all()), len(batch))

    def merge(self, other: Actions) -> Actions:
        """Of both sets of rows together."""
        tallies = {
            id: self.tallies.get(id, Tally()).merge(other.tallies.get(id, Tally()))
            for id in sorted({*self.tallies, *other.tallies})
        }
        return Actions(tallies, self.uniform and other.uniform, self.rows + other.rows)

    def deviations(self) -> Iterator[Deviation]:
        """How far each action's frequency is from what the log says."""
        for id, tally in self.tallies.items():
            yield tally.deviation(id, uniform=self.uniform)

    @property
    def never_chosen(self) -> list[str]:
        """Actions that could be chosen, and never were."""
        return [id for id, tally in self.tallies.items() if not tally.chosen]

    @property
    def unsupported(self) -> float:
        """What part of the target's probability is on actions that the logger gave none, or never chose at all."""
        if not self.rows:
            return 0.0
        never = sum(self.tallies[id].target for id in self.never_chosen)
        return (never + sum(tally.unsupported for tally in self.tallies.values() if tally.chosen)) / self.rows


def _sums(batch: LoggedBatch, codes: Array, target: Array | None) -> Iterator[tuple[str, tuple[Array, Array]]]:
    """Name → the codes of the actions that are added to, and what is added."""
    counts = np.diff(batch.offsets)
    mine = codes[batch.offsets[:-1] + batch.chosen]
    even = np.repeat(1.0 / np.maximum(counts, 1), counts)
    yield "rows", (codes, np.ones(len(codes)))
    yield "chosen", (mine, np.ones(len(mine)))
    yield "inverse", (mine, 1.0 / batch.propensity)
    yield "inverse_squares", (mine, batch.propensity**-2.0)
    yield "even", (codes, even)
    yield "even_variance", (codes, even * (1.0 - even))
    if target is not None:
        yield "target", (codes, target)
    if batch.has("pmf"):
        yield from _priced_sums(batch, codes, mine, target)


def _priced_sums(
    batch: LoggedBatch, codes: Array, mine: Array, target: Array | None
) -> Iterator[tuple[str, tuple[Array, Array]]]:
    has = np.diff(batch.pmf_offsets) > 0
    flat = np.repeat(has, np.diff(batch.offsets))
    priced = codes[flat]
    yield "priced", (priced, np.ones(len(priced)))
    yield "priced_chosen", (mine[has], np.ones(int(has.sum())))
    yield "expected", (priced, batch.pmf)
    yield "variance", (priced, batch.pmf * (1.0 - batch.pmf))
    yield "excluded", (priced, (batch.pmf == 0.0).astype(np.float64))
    if target is not None:
        yield "unsupported", (priced, np.where(batch.pmf == 0.0, target[flat], 0.0))
