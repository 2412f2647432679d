"""Reads a log from a table whose columns are named otherwise."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.logs.cells import Cells, ContextMaker, lists_of
from simulator.logs.faults import Faults, UnreadableLog
from simulator.logs.mapping import Columns
from simulator.logs.schema import LOG, Indices, LoggedBatch, offsets_of
from simulator.logs.tables import Rows, Table

MOST_ACTIONS = 10_000
MOST_CANDIDATES = 1 << 23
"""Of all rows that are held at a time: where there are many actions, there are few rows."""


@dataclass(frozen=True)
class MappedReader:
    """Reads a table by a mapping.

    Raises:
        UnreadableLog: (when made) the table lacks a column.
    """

    table: Table
    columns: Columns

    def __post_init__(self) -> None:
        for column, use in self.columns.used.items():
            if column not in self.table.names:
                raise UnreadableLog(f"{use}: expected a column {column!r}, found {', '.join(self.table.names)}"[:2_000])

    @property
    def taken_for(self) -> str:
        """See ``Reader.taken_for``."""
        return f"{self.table.taken_for} with a mapping"

    def batches(self, faults: Faults, columns: Collection[str] | None = None) -> Iterator[LoggedBatch]:
        """See ``Reader.batches``."""
        wanted = set(LOG.names) if columns is None else set(columns)
        ids = self._ids(faults)
        read = {column for column, use in self.columns.used.items() if use != "context" or "context" in wanted}
        for rows in self.table.rows(read, faults):
            for some in _parts(rows, 1 if ids is None else len(ids)):
                yield _RowsOfLog(self.columns, ids, some, faults).batch(wanted)

    def _ids(self, faults: Faults) -> Any:
        """Candidates of every row; ``None`` where each row has its own."""
        given = self.columns.actions
        if isinstance(given, str):
            return None
        if given:
            return pa.array(given, pa.string())
        found: set[str] = set()
        for rows, numbers in self.table.rows({self.columns.action}, Faults()):
            found |= {*pc.unique(Cells(rows, numbers, Faults()).texts(self.columns.action)).to_pylist()} - {None}
            if len(found) > MOST_ACTIONS:
                raise UnreadableLog(f"{self.columns.action}: expected at most {MOST_ACTIONS:,} actions, found more")
        return pa.array(sorted(found), pa.string())


def _parts(rows: Rows, candidates: int) -> Iterator[Rows]:
    most = max(1, MOST_CANDIDATES // max(1, candidates))
    for start in range(0, len(rows.numbers), most):
        yield Rows(rows.batch.slice(start, most), rows.numbers[start : start + most])


class _RowsOfLog:
    """Some rows of the table, as rows of a log."""

    def __init__(self, columns: Columns, ids: Any, rows: Rows, faults: Faults) -> None:
        self._columns = columns
        self._ids = ids
        self._rows = rows
        self._cells = Cells(rows.batch, rows.numbers, faults)
        self._size = rows.batch.num_rows

    def batch(self, wanted: set[str]) -> LoggedBatch:
        arrays = {name: array for name, array in self._arrays(wanted).items() if name in wanted}
        names = [name for name in LOG.names if name in arrays]
        typed = [arrays[name].cast(LOG.field(name).type) for name in names]
        whole = LoggedBatch(pa.RecordBatch.from_arrays(typed, names), self._rows.numbers)
        return whole.filter(~self._cells.bad)

    def _arrays(self, wanted: set[str]) -> dict[str, Any]:
        cells, columns, size = self._cells, self._columns, self._size
        labels = cells.texts(columns.action)
        candidates, chosen = self._choice(labels)
        return {
            "id": pc.cast(pa.array(self._rows.numbers), pa.string()) if columns.id is None else cells.texts(columns.id),
            "time": pa.nulls(size) if columns.time is None else cells.times(columns.time),
            "unit": self._text(columns.unit),
            "context": self._context() if "context" in wanted else pa.nulls(size, LOG.field("context").type),
            "candidates": candidates,
            "features": pa.nulls(size, LOG.field("features").type),
            "pmf": self._pmf(),
            "chosen": chosen,
            "propensity": self._propensity(labels, candidates),
            "policy": self._text(columns.policy),
            "position": pa.nulls(size) if columns.position is None else cells.integers(columns.position),
            "reward": cells.numbers(columns.reward),
            "group": self._text(columns.group),
            "keep": pa.repeat(1.0, size) if columns.keep is None else cells.numbers(columns.keep),
            "learnable": pa.repeat(True, size),
        }

    def _text(self, column: str | None) -> Any:
        return pa.nulls(self._size, pa.string()) if column is None else self._cells.texts(column)

    def _choice(self, labels: Any) -> tuple[Any, Any]:
        """Candidates and the index of the one that was shown."""
        if self._ids is not None:
            chosen = pc.index_in(labels, self._ids, skip_nulls=True)
            candidates = lists_of(self._ids, self._size)
        else:
            assert isinstance(self._columns.actions, str)
            candidates = self._cells.lists(self._columns.actions, LOG.field("candidates").type)
            chosen = _index_of(labels, candidates)
        missing = np.asarray(pc.and_(labels.is_valid(), chosen.is_null()).to_numpy(zero_copy_only=False), np.bool_)
        self._cells.refuse(missing, self._columns.action, "one of the candidates", labels)
        return candidates, chosen

    def _propensity(self, labels: Any, candidates: Any) -> Any:
        given = self._columns.propensity
        if self._columns.uniform:
            return pa.array(1.0 / np.maximum(np.diff(offsets_of(candidates)), 1))
        if isinstance(given, str):
            return self._cells.numbers(given)
        if given is None or isinstance(given, float | int):
            return pa.repeat(pa.scalar(given, pa.float64()), self._size)
        at = pc.index_in(labels, pa.array(list(given), pa.string()), skip_nulls=True)
        return pa.array(list(given.values()), pa.float64()).take(at)

    def _pmf(self) -> Any:
        kind, column = LOG.field("pmf").type, self._columns.pmf
        return pa.nulls(self._size, kind) if column is None else self._cells.lists(column, kind)

    def _context(self) -> Any:
        made = ContextMaker(self._size)
        for column, kind in self._columns.features.items():
            if kind == "number":
                made.number(column, self._cells.numbers(column))
            elif kind == "category":
                made.category(column, self._cells.texts(column))
            else:
                made.text(column, self._cells.texts(column))
        return made.maps()


def _index_of(labels: Any, candidates: Any) -> Any:
    """Where each row's label stands in the row's list; null where it does not."""
    offsets: Indices = offsets_of(candidates)
    rows = np.repeat(np.arange(len(labels)), np.diff(offsets))
    equal = pc.equal(candidates.flatten(), labels.take(pa.array(rows))).fill_null(False)
    hits = np.flatnonzero(equal.to_numpy(zero_copy_only=False))[::-1]
    found = np.full(len(labels), -1, np.int64)
    found[rows[hits]] = hits - offsets[rows[hits]]
    return pa.array(found, mask=found < 0)
