"""Columns of somebody's table as columns of a log; cells that cannot be used are faults, by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.logs.faults import NAMED, Faults, RowFault, UnreadableLog
from simulator.logs.schema import Array, Indices, Mask


class Cells:
    """Converts columns of some rows. All raise ``UnreadableLog`` for a column of which no cell could be used.

    Attributes:
        bad: the rows that have a cell that cannot be used; each is counted once.
    """

    def __init__(self, rows: pa.RecordBatch, numbers: Indices, faults: Faults) -> None:
        self.rows = rows
        self.bad: Mask = np.zeros(rows.num_rows, np.bool_)
        self._numbers = numbers
        self._faults = faults

    def numbers(self, column: str) -> Any:
        """As floats; null where the cell is empty."""
        return self._cast(column, pa.float64(), "a number")

    def integers(self, column: str) -> Any:
        """As integers; null where the cell is empty."""
        return self._cast(column, pa.int64(), "a whole number")

    def times(self, column: str) -> Any:
        """As UTC times, of ISO 8601; null where the cell is empty."""
        array, kind = self._plain(column), pa.timestamp("us", tz="UTC")
        if pa.types.is_timestamp(array.type):
            return array.cast(kind, safe=False)  # what is finer than a microsecond is cut off
        expected = "a time with its offset, as 2026-01-31T12:00:00Z"
        if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type) or pa.types.is_date(array.type)):
            raise UnreadableLog(f"{column}: expected {expected}, found {array.type}")
        return self._cast(column, kind, expected)

    def texts(self, column: str) -> Any:
        """As strings; null where the cell is empty."""
        return self._all(column, pa.string(), "texts")

    def lists(self, column: str, kind: pa.DataType) -> Any:
        """As lists of this kind; null where there is none."""
        return self._all(column, kind, "lists")

    def refuse(self, bad: Mask, field: str, expected: str, found: Any) -> None:
        """Split rows off for one reason, unless they are already."""
        new = np.flatnonzero(bad & ~self.bad)
        first = [
            RowFault(int(self._numbers[row]), field, expected, repr(found[int(row)].as_py())[:80])
            for row in new[:NAMED]
        ]
        self._faults.add_many(first, len(new))
        self.bad |= bad

    def _cast(self, column: str, kind: pa.DataType, expected: str) -> Any:
        array = self._plain(column)
        try:
            return array.cast(kind)
        except pa.ArrowInvalid:
            return self._one_by_one(column, array, kind, expected)
        except (pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            raise UnreadableLog(f"{column}: expected {expected}, found {array.type}") from error

    def _all(self, column: str, kind: pa.DataType, expected: str) -> Any:
        array = self._plain(column)
        try:
            return array.cast(kind)
        except pa.ArrowException as error:
            raise UnreadableLog(f"{column}: expected {expected}, found {array.type}: {error}") from error

    def _plain(self, column: str) -> Any:
        array = self.rows.column(column)
        return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array

    def _one_by_one(self, column: str, array: Any, kind: pa.DataType, expected: str) -> Any:
        distinct = pc.unique(array)
        usable = pa.array([_can_be(distinct.slice(index, 1), kind) for index in range(len(distinct))])
        bad = pc.invert(usable.take(pc.index_in(array, distinct)))
        self.refuse(np.asarray(bad.to_numpy(zero_copy_only=False), np.bool_), column, expected, array)
        return pc.if_else(bad, pa.scalar(None, array.type), array).cast(kind)


def _can_be(cell: Any, kind: pa.DataType) -> bool:
    try:
        cell.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


class ContextMaker:
    """Collects features of rows, column by column, and makes maps of them."""

    def __init__(self, rows: int) -> None:
        self._count = rows
        self._rows: list[Indices] = []
        self._names: list[Any] = []
        self._values: list[Array] = []

    def number(self, name: str, column: Any) -> None:
        """``name`` with the value, where it is neither empty nor 0."""
        values = np.asarray(column.to_numpy(zero_copy_only=False), np.float64)
        rows = np.flatnonzero(np.isfinite(values) & (values != 0.0))
        self._add(rows, pa.repeat(name, len(rows)), values[rows])

    def category(self, name: str, column: Any) -> None:
        """``name=label`` with 1, where it is not empty."""
        rows = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
        names = pc.binary_join_element_wise(pa.scalar(name), column.take(pa.array(rows)), "=")
        self._add(rows, names, np.ones(len(rows)))

    def text(self, name: str, column: Any) -> None:
        """``name~part`` with 1 for each word, and each two that follow each other."""
        from engine.encode.names import parts_of

        parts = [list(dict.fromkeys(parts_of(text))) if text else [] for text in column.to_pylist()]
        rows = np.repeat(np.arange(self._count), [len(each) for each in parts])
        names = pa.array([f"{name}~{part}" for each in parts for part in each], pa.string())
        self._add(rows, names, np.ones(len(rows)))

    def maps(self) -> Any:
        """A map a row."""
        rows = np.concatenate([np.empty(0, np.int64), *self._rows])
        order = np.argsort(rows, kind="stable")
        offsets = np.searchsorted(rows[order], np.arange(self._count + 1)).astype(np.int32)
        names = pa.concat_arrays([pa.array([], pa.string()), *self._names]).take(pa.array(order))
        values = np.concatenate([np.empty(0), *self._values])[order]
        return pa.MapArray.from_arrays(pa.array(offsets), names, pa.array(values))

    def _add(self, rows: Indices, names: Any, values: Array) -> None:
        self._rows.append(rows)
        self._names.append(names)
        self._values.append(values)


def lists_of(ids: Any, rows: int) -> Any:
    """The same list of ids in each of some rows."""
    offsets = np.arange(rows + 1, dtype=np.int32) * len(ids)
    flat = ids.take(pa.array(np.tile(np.arange(len(ids)), rows)))
    return pa.ListArray.from_arrays(pa.array(offsets), flat)
