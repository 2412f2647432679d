"""Tables in files or in memory, some rows at a time."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from simulator.logs.compressed import naming, opened, streamed
from simulator.logs.faults import Faults, RowFault, UnreadableLog
from simulator.logs.schema import Indices

ROWS = 1 << 16
"""Rows of a batch."""

CSV_BYTES = 1 << 22
WHOLE_PARQUET = "a whole Parquet file"


class Rows(NamedTuple):
    """Some rows of a table, and where each stood, from 1."""

    batch: pa.RecordBatch
    numbers: Indices


class Table(Protocol):
    """Reads a table."""

    @property
    def taken_for(self) -> str:
        """What kind of table it is, in words."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Its columns."""
        ...

    def rows(self, columns: Collection[str], faults: Faults) -> Iterator[Rows]:
        """Some of its columns, in the table's order. Raises ``UnreadableLog``."""
        ...


@dataclass(frozen=True)
class ParquetTable:
    """One Parquet file, or several of one schema, read by row group.

    Raises:
        UnreadableLog: (when made) a file is truncated, or their schemas differ: nothing is read by half.
    """

    paths: tuple[Path, ...]
    batch_rows: int = ROWS

    def __post_init__(self) -> None:
        first = _schema(self.paths[0])
        for path in self.paths[1:]:
            _require_same(self.paths[0], first, path, _schema(path))

    @property
    def taken_for(self) -> str:
        """See ``Table.taken_for``."""
        return "Parquet" if len(self.paths) == 1 else f"Parquet in {len(self.paths)} files"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """See ``Table.names``."""
        return tuple(_schema(self.paths[0]).names)

    def rows(self, columns: Collection[str], faults: Faults) -> Iterator[Rows]:
        """See ``Table.rows``."""
        start = 1
        wanted = [name for name in self.names if name in columns]
        for path in self.paths:
            with naming(path, WHOLE_PARQUET), pq.ParquetFile(path, pre_buffer=False) as file:
                for batch in file.iter_batches(self.batch_rows, columns=wanted):
                    yield Rows(batch, np.arange(start, start + batch.num_rows))
                    start += batch.num_rows


@dataclass(frozen=True)
class CsvTable:
    """A CSV file with a header, plain or gzipped; every cell is a string, or null where it is empty."""

    path: Path

    @property
    def taken_for(self) -> str:
        """See ``Table.taken_for``."""
        return "CSV"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """See ``Table.names``."""
        with (
            naming(self.path, "CSV with a header"),
            opened(self.path) as file,
            TextIOWrapper(file, encoding="utf-8-sig", newline="") as text,
        ):
            return tuple(next(csv.reader(text), ()))

    def rows(self, columns: Collection[str], faults: Faults) -> Iterator[Rows]:
        """See ``Table.rows``. A row with too few or too many cells is a fault."""
        skipped = _Skipped(faults)
        wanted = [name for name in self.names if name in columns]
        convert = pacsv.ConvertOptions(
            include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), strings_can_be_null=True
        )
        read = pacsv.ReadOptions(use_threads=False, block_size=CSV_BYTES)
        with naming(self.path, "CSV with a header"), streamed(self.path) as file:
            parse = pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=skipped.take)
            for batch in pacsv.open_csv(file, read, parse, convert):
                yield Rows(batch, skipped.numbers(batch.num_rows))


@dataclass(frozen=True)
class FrameTable:
    """A table in memory."""

    table: pa.Table

    @property
    def taken_for(self) -> str:
        """See ``Table.taken_for``."""
        return "a table in memory"

    @property
    def names(self) -> tuple[str, ...]:
        """See ``Table.names``."""
        return tuple(self.table.schema.names)

    def rows(self, columns: Collection[str], faults: Faults) -> Iterator[Rows]:
        """See ``Table.rows``."""
        start = 1
        for batch in self.table.select([name for name in self.names if name in columns]).to_batches(ROWS):
            yield Rows(batch, np.arange(start, start + batch.num_rows))
            start += batch.num_rows


class _Skipped:
    """Lines that were no rows: they are counted, and the rows after them keep their numbers."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._lines: set[int] = set()
        self._next = 2

    def take(self, row: Any) -> str:
        self._lines.add(row.number)
        self._faults.add(RowFault(row.number, "row", f"{row.expected_columns} cells", f"{row.actual_columns}"))
        return "skip"

    def numbers(self, count: int) -> Indices:
        """Of the next rows. The header is line 1."""
        found = np.arange(self._next, self._next + count + len(self._lines))
        found = found[~np.isin(found, list(self._lines))][:count]
        self._next = int(found[-1]) + 1 if count else self._next
        return found


def parquet_files(path: Path) -> tuple[Path, ...]:
    """The file, or every Parquet file below the folder, by name. Raises ``UnreadableLog`` if there is none."""
    found = tuple(sorted(path.rglob("*.parquet"))) if path.is_dir() else (path,)
    if not found:
        raise UnreadableLog(f"{path}: expected Parquet files, found none")
    return found


def _schema(path: Path) -> pa.Schema:
    with naming(path, WHOLE_PARQUET):
        return pq.read_schema(path)


def _require_same(first: Path, expected: pa.Schema, path: Path, found: pa.Schema) -> None:
    for name in sorted({*expected.names, *found.names}):
        types = [schema.field(name).type if name in schema.names else "no such column" for schema in (expected, found)]
        if types[0] != types[1]:
            raise UnreadableLog(f"{path}: {name}: expected {types[0]}, as in {first.name}, found {types[1]}")
