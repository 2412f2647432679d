"""What of a batch can be loaded, and why the rest cannot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.errors import LoadError
from features.files.bulk import BulkRow
from features.files.cells import cells
from features.files.columns import Columns
from features.files.moments import moments_us
from features.files.repeats import Repeats
from features.scalars import FeatureType

CONTRADICTS = "another row of the same key and time came before and says something else"


REPEATED = ""
"""No reason to refuse a row, but one to leave it out."""


class Refused(NamedTuple):
    """Why a row of a batch was not taken: its place in the batch, and the reason, which has no value in it."""

    place: int
    reason: str


class Taken(NamedTuple):
    """The rows of a batch that can be loaded, by column.

    Attributes:
        values: feature → values.
        repeated: rows that were there before, word for word, and are left out.
    """

    keys: pa.Array
    times_us: pa.Array
    values: dict[str, pa.Array]
    refused: list[Refused]
    repeated: int

    def without(self, places: Sequence[int]) -> Taken:
        """Without some rows."""
        if not places:
            return self
        left = np.ones(len(self.keys), bool)
        left[places] = False
        values = {name: column.filter(left) for name, column in self.values.items()}
        return self._replace(keys=self.keys.filter(left), times_us=self.times_us.filter(left), values=values)

    def rows(self) -> Iterator[BulkRow]:
        """One by one."""
        names = tuple(self.values)
        columns = zip(*(values.to_pylist() for values in self.values.values()), strict=True)
        for key, time_us, values in zip(self.keys.to_pylist(), self.times_us.to_pylist(), columns, strict=True):
            yield BulkRow(key, time_us, dict(zip(names, values, strict=True)))


class Intake:
    """Takes batches of one file.

    Args:
        now_us: when rows without a time of their own happened. Later ones are refused: nothing could ever replace them.
        decimal: what is between the digits of a number and its fraction, in text.
    """

    def __init__(self, columns: Columns, now_us: int, decimal: str = ".") -> None:
        self._columns = columns
        self._now_us = now_us
        self._decimal = decimal
        self._repeats = Repeats()

    def take(self, batch: pa.RecordBatch) -> Taken:
        """Check a batch.

        Raises:
            LoadError: a column can never be what it is said to be.
        """
        reasons: list[str | None] = [None] * len(batch)
        keys = self._keys(batch, reasons)
        times = self._times(batch, reasons)
        values = {f.name: self._cells(batch, name, f.type, reasons) for name, f in self._columns.features.items()}
        table = pa.table([keys, times, *values.values()], names=[str(place) for place in range(len(values) + 2)])
        repeated = self._leave_out_repeated(table, reasons)
        taken = table.filter(pa.array([reason is None for reason in reasons]))
        refused = [Refused(place, why) for place, why in enumerate(reasons) if why]
        columns = [column.combine_chunks() for column in taken.columns]
        return Taken(columns[0], columns[1], dict(zip(values, columns[2:], strict=True)), refused, repeated)

    def _keys(self, batch: pa.RecordBatch, reasons: list[str | None]) -> pa.Array:
        name = self._columns.key
        keys = self._cells(batch, name, "string", reasons)
        _mark(reasons, pc.or_(pc.is_null(keys), pc.equal(pc.fill_null(keys, ""), "")), f"{name}: nobody's")
        return keys

    def _times(self, batch: pa.RecordBatch, reasons: list[str | None]) -> pa.Array:
        name = self._columns.time
        if name is None:
            return pa.repeat(pa.scalar(self._now_us, pa.int64()), len(batch))
        times = pa.array(moments_us(batch.column(name)), pa.int64())
        _mark(reasons, pc.is_null(times), f"{name}: no time")
        _mark(reasons, pc.fill_null(pc.greater(times, self._now_us), False), f"{name}: in the future")
        return times

    def _cells(self, batch: pa.RecordBatch, column: str, type_: FeatureType, reasons: list[str | None]) -> pa.Array:
        try:
            read = cells(batch.column(column), type_, self._decimal)
        except LoadError as error:
            raise LoadError(f"{column}: {error}") from error
        _mark(reasons, read.misfit, f"{column}: no {type_}")
        return read.values

    def _leave_out_repeated(self, table: pa.Table, reasons: list[str | None]) -> int:
        places = [place for place, reason in enumerate(reasons) if reason is None]
        whole = table.take(pa.array(places, pa.int64()))
        keys, times, *values = (column.to_pylist() for column in whole.columns)
        names = [f"{time} {key}" for key, time in zip(keys, times, strict=True)]
        seen = self._repeats.see(names, [str(row) for row in zip(*values, strict=True)])
        for place, repeated, contradicting in zip(places, seen.repeated, seen.contradicting, strict=True):
            if repeated:
                reasons[place] = CONTRADICTS if contradicting else REPEATED
        return int(np.count_nonzero(seen.repeated & ~seen.contradicting))


def _mark(reasons: list[str | None], where: pa.Array, reason: str) -> None:
    """Say why rows are refused that nothing was said of yet."""
    for place in np.flatnonzero(where.to_numpy(zero_copy_only=False)):
        reasons[place] = reasons[place] or reason
