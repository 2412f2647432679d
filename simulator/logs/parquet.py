"""Logs in Parquet, written and read in the columns of ``LOG``; tables in memory that have these columns, too."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from simulator.logs.faults import Faults, UnreadableLog
from simulator.logs.schema import LOG, LoggedBatch
from simulator.logs.tables import Table
from simulator.logs.whole_file import whole

COMPRESSION = "zstd"
GROUP_ROWS = 1 << 18
"""Rows of a row group: what a reader holds of a column at a time."""

REQUIRED = ("id", "candidates", "chosen", "reward")
IN_MEMORY = "Arrow columns of a log"
_DEFAULTS = {"keep": 1.0, "learnable": True}


@dataclass(frozen=True)
class ColumnsReader:
    """Reads a table that has a log's columns. Those it lacks are null, ``keep`` is 1 and ``learnable`` true."""

    table: Table

    def __post_init__(self) -> None:
        """Raises ``UnreadableLog`` if a column is missing without which there is no log."""
        missing = [name for name in REQUIRED if name not in self.table.names]
        if missing:
            raise UnreadableLog(f"expected the columns {', '.join(REQUIRED)} of a log, found no {', '.join(missing)}")

    @property
    def taken_for(self) -> str:
        """See ``Reader.taken_for``."""
        return f"{self.table.taken_for} with the columns of a log"

    def batches(self, faults: Faults, columns: Collection[str] | None = None) -> Iterator[LoggedBatch]:
        """See ``Reader.batches``. Nothing is read but the columns that are wanted."""
        wanted = [column for column in LOG if columns is None or column.name in columns]
        names = {column.name for column in wanted}
        for rows, numbers in self.table.rows(names, faults):
            filled = [_filled(rows, column) for column in wanted]
            yield LoggedBatch(pa.RecordBatch.from_arrays(filled, [column.name for column in wanted]), numbers)


def write_parquet(batches: Iterable[LoggedBatch], path: Path) -> int:
    """Write a log; the file is at ``path`` when all of it is written, never by half. Returns the number of rows."""
    count = 0
    with whole(path) as place, pq.ParquetWriter(place, LOG, compression=COMPRESSION) as writer:
        for batch in batches:
            writer.write_table(pa.Table.from_batches([_whole(batch)]), row_group_size=GROUP_ROWS)
            count += len(batch)
    return count


def _whole(batch: LoggedBatch) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([_filled(batch.rows, column) for column in LOG], schema=LOG)


def _filled(rows: pa.RecordBatch, column: pa.Field) -> pa.Array:
    if column.name not in rows.schema.names:
        return pa.repeat(pa.scalar(_DEFAULTS.get(column.name), column.type), rows.num_rows)
    array = rows.column(column.name)
    if array.null_count and column.name in _DEFAULTS:
        array = array.fill_null(_DEFAULTS[column.name])
    kind: pa.DataType = array.type
    if column.name == "time" and pa.types.is_integer(kind):
        raise UnreadableLog(f"{column.name}: expected {column.type}, found {kind}, which does not say its unit")
    try:
        # Of times, what is finer than a microsecond is cut off.
        return array if kind == column.type else array.cast(column.type, safe=not pa.types.is_timestamp(kind))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise UnreadableLog(f"{column.name}: expected {column.type}, found {array.type}: {error}") from error
