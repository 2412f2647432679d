"""A log made ready to be replayed: its usable rows in the order of time, and the range of their rewards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import NotEvaluable
from engine.types import TrainingExample
from simulator.audit.rows import Rows, sifted
from simulator.logs.schema import LOG, Array, LoggedBatch

COLUMNS = tuple(name for name in LOG.names if name not in ("policy", "group"))
"""What must be read of a log."""

MADE_AT_ONCE = 1_024
"""Rows of which objects are made at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Replayable:
    """Rows from which a policy can learn, one after the other.

    Attributes:
        batch: all usable rows; those of one time, or without one, in the order in which they were logged.
        rows: what became of the log's rows.
        low, high: the rewards' range, which policies are given as 0 and 1.
    """

    batch: LoggedBatch
    rows: Rows
    low: float
    high: float

    def __len__(self) -> int:
        return len(self.batch)

    @property
    def price(self) -> Array:
        """With which probability a row came into the log as it is, once its context was there."""
        return np.asarray(self.batch.propensity * self.batch.keep)

    @property
    def thinned(self) -> bool:
        """Whether rows were kept with different probabilities: what is left is not what happened."""
        return bool(len(self) and np.ptp(self.batch.keep) > 0.0)

    @property
    def has_pmfs(self) -> bool:
        """Whether the probabilities of all candidates are known, of every row."""
        return self.batch.has("pmf") and bool((np.diff(self.batch.pmf_offsets) == np.diff(self.batch.offsets)).all())

    def decisions(self) -> Iterator[TrainingExample]:
        """Each row as a policy learns it."""
        for start in range(0, len(self), MADE_AT_ONCE):
            part = slice(start, start + MADE_AT_ONCE)
            rows = LoggedBatch(self.batch.rows.slice(start, MADE_AT_ONCE), self.batch.numbers[part])
            yield from rows.decisions(self.low, self.high)

    def ids(self) -> Iterator[str]:
        """Id of each row."""
        for start in range(0, len(self), MADE_AT_ONCE):
            yield from self.batch.column("id").slice(start, MADE_AT_ONCE).to_pylist()


def replayable(batches: Iterable[LoggedBatch], reward_range: tuple[float, float] | None = None) -> Replayable:
    """Make a log ready; it is held in memory.

    Args:
        batches: with the ``COLUMNS``.
        reward_range: least and greatest reward there can be; that of the rows, if ``None``.

    Raises:
        NotEvaluable: no row can be used, propensities are missing, or no reward differs from another.
    """
    usable: list[LoggedBatch] = []
    found: list[Rows] = []
    for batch in batches:
        good, rows = sifted(batch)
        found.append(rows)
        if len(good):
            usable.append(good)
    rows = reduce(Rows.merge, found, Rows())
    _require_usable(rows)
    whole = _in_time(usable)
    low, high = reward_range or (float(whole.reward.min()), float(whole.reward.max()))
    if not low < high:
        raise NotEvaluable(f"every reward is {low:g}: there is nothing to learn")
    return Replayable(whole, rows, low, high)


def _require_usable(rows: Rows) -> None:
    if rows.unpriced:
        raise NotEvaluable(f"{rows.unpriced:,} rows have no propensity: what the policy would have met is not known")
    if not rows.usable:
        raise NotEvaluable(f"none of {rows.total:,} rows can be used")


def _in_time(batches: list[LoggedBatch]) -> LoggedBatch:
    """All rows as one batch, stably sorted."""
    names = [name for name in COLUMNS if all(name in batch.rows.schema.names for batch in batches)]
    table = pa.Table.from_batches([batch.rows.select(names) for batch in batches]).combine_chunks()
    numbers = np.concatenate([batch.numbers for batch in batches])
    estimated = any(batch.propensities == "estimated" for batch in batches)
    order = np.argsort(np.concatenate([batch.time_us for batch in batches]), kind="stable")
    if (order[1:] < order[:-1]).any():
        table, numbers = table.take(pa.array(order)), numbers[order]
    rows = pa.RecordBatch.from_arrays(
        [pc.cast(table[name], LOG.field(name).type).combine_chunks() for name in names], names
    )
    return LoggedBatch(rows, numbers, "estimated" if estimated else "logged")
