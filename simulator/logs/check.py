"""Every row of every log is checked here, whoever read it: bad rows are split off with a reason, the rest goes on.

Only columns that were read are checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulator.logs.check_candidates import of_candidates, of_context, of_features
from simulator.logs.faults import NAMED, Faults, RowFault
from simulator.logs.finding import Finding, null, rows_with
from simulator.logs.schema import Array, LoggedBatch, Mask
from simulator.logs.seen import SeenIds
from simulator.logs.single import LARGEST, LEAST

PMF_TOLERANCE = 1e-4
"""What probabilities that sum to 1 may miss it by, and the propensity its place in the pmf: for 32-bit floats and
decimals that were cut off."""

WEIGHT_TOLERANCE = 0.05
"""What a propensity may miss its place in the pmf by, in parts of it: weights are wrong by as much."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a log's rows must be.

    Attributes:
        reward_range: least and greatest reward there can be; not checked if ``None``.
        propensities: whether each row that chose something must say with which probability.
        unique_ids: whether an id may come once only.
    """

    reward_range: tuple[float, float] | None = None
    propensities: bool = True
    unique_ids: bool = True


@dataclass(slots=True)
class Checker:
    """Checks batches of one log, in order; remembers its ids."""

    rules: Rules
    faults: Faults
    _ids: SeenIds = field(default_factory=SeenIds)

    def check(self, batch: LoggedBatch) -> LoggedBatch:
        """The good rows of a batch; the others go to ``faults``, each for the first reason found."""
        bad = np.zeros(len(batch), np.bool_)
        for finding in self._findings(batch):
            if finding.bad.any():
                self._count(batch, finding, finding.bad & ~bad)
                bad |= finding.bad
        good = batch.filter(~bad)
        if self.rules.unique_ids and good.has("id"):
            again = self._ids.duplicates(good.column("id"))
            self._count(good, Finding(again, "id", "an id that no row had before", good.column("id")), again)
            good = good.filter(~again)
        self.faults.good += len(good)
        return good

    def _count(self, batch: LoggedBatch, finding: Finding, bad: Mask) -> None:
        rows = np.flatnonzero(bad)
        first = [
            RowFault(int(batch.numbers[row]), finding.field, finding.expected, _shown(finding.found[int(row)]))
            for row in rows[:NAMED]
        ]
        self.faults.add_many(first, len(rows))

    def _findings(self, batch: LoggedBatch) -> Iterator[Finding]:
        names = set(batch.rows.schema.names)
        if "id" in names:
            yield Finding(null(batch, "id"), "id", "an id", batch.column("id"))
        if {"candidates", "chosen"} <= names:
            yield from _choice(batch)
        if "candidates" in names:
            yield from of_candidates(batch)
        if "context" in names:
            yield from of_context(batch)
        if "features" in names:
            yield from of_features(batch, "candidates" in names)
        if "propensity" in names:
            yield from self._propensity(batch, "chosen" in names)
        if {"candidates", "pmf"} <= names:
            yield from _pmf(batch, names)
        if "reward" in names:
            yield from self._reward(batch)
        if "keep" in names and not _within(batch.keep, LEAST, 1.0):
            yield Finding(~((batch.keep >= LEAST) & (batch.keep <= 1.0)), "keep", "a probability above 0", batch.keep)

    def _propensity(self, batch: LoggedBatch, has_chosen: bool) -> Iterator[Finding]:
        values = batch.propensity
        if _within(values, LEAST, 1.0):
            return
        unknown = null(batch, "propensity")
        if self.rules.propensities:
            missing = unknown & (batch.chosen >= 0) if has_chosen else unknown
            yield Finding(missing, "propensity", "the probability of what was chosen", batch.column("propensity"))
        bad = ~unknown & ~((values >= LEAST) & (values <= 1.0))
        yield Finding(bad, "propensity", "a probability above 0 and at most 1", values)

    def _reward(self, batch: LoggedBatch) -> Iterator[Finding]:
        values = batch.reward
        low, high = self.rules.reward_range or (-LARGEST, LARGEST)
        if _within(values, max(low, -LARGEST), min(high, LARGEST)):
            return
        settled = ~null(batch, "reward")
        yield Finding(settled & ~(np.abs(values) <= LARGEST), "reward", "a finite number that 32 bits can hold", values)
        outside = settled & ~((values >= low) & (values <= high))
        yield Finding(outside, "reward", f"a number within the declared [{low:g}, {high:g}]", values)


def _choice(batch: LoggedBatch) -> Iterator[Finding]:
    counts = np.diff(batch.offsets)
    chosen = batch.chosen
    bad = (chosen >= counts) | (chosen < -1)
    yield Finding(bad, "chosen", "one of the candidates", chosen)


def _pmf(batch: LoggedBatch, names: set[str]) -> Iterator[Finding]:
    lengths, counts = np.diff(batch.pmf_offsets), np.diff(batch.offsets)
    yield Finding(~null(batch, "pmf") & (lengths != counts), "pmf", "a probability for each candidate", lengths)
    wrong = ~np.isfinite(batch.pmf) | (batch.pmf < 0.0) | (batch.pmf > 1.0 + PMF_TOLERANCE)
    yield Finding(rows_with(wrong, batch.pmf_offsets), "pmf", "probabilities within [0, 1]", batch.column("pmf"))
    sums = _sums(np.where(wrong, 0.0, batch.pmf), batch)
    yield Finding((lengths > 0) & (np.abs(sums - 1.0) > PMF_TOLERANCE), "pmf", "probabilities that sum to 1", sums)
    if {"chosen", "propensity"} <= names:
        yield _of_chosen(batch, lengths)


def _of_chosen(batch: LoggedBatch, lengths: Any) -> Finding:
    has = (batch.chosen >= 0) & (batch.chosen < lengths) & ~np.isnan(batch.propensity)
    logged = np.full(len(batch), np.nan)
    logged[has] = batch.pmf[(batch.pmf_offsets[:-1] + batch.chosen)[has]]
    bad = has & (np.abs(logged - batch.propensity) > np.minimum(PMF_TOLERANCE, WEIGHT_TOLERANCE * logged))
    return Finding(bad, "propensity", "the pmf's probability of what was chosen", batch.propensity)


def _sums(values: Any, batch: LoggedBatch) -> Array:
    """Sum over each row's part of the flat pmf."""
    running = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return np.asarray(running[batch.pmf_offsets[1:]] - running[batch.pmf_offsets[:-1]])


def _within(values: Array, least: float, most: float) -> bool:
    """Whether all are, told from the least and the greatest; NaN is in no range."""
    return bool(len(values) and values.min() >= least and values.max() <= most)


def _shown(value: Any) -> str:
    plain = value.as_py() if hasattr(value, "as_py") else value
    return "nothing" if plain is None else f"{plain!r}"[:80] if isinstance(plain, str | list) else f"{plain:g}"
