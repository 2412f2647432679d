"""Journal records as rows of a Parquet file, and back."""

from __future__ import annotations

import io
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import CorruptRecord
from engine.journal.base import Stored
from engine.records.codec import decode_at, encode, kind_of
from engine.records.schema import SCHEMA_VERSION

COMPRESSION = "zstd"
_SCHEMA = pa.schema(
    [
        pa.field("position", pa.int64(), nullable=False),
        pa.field("time_us", pa.int64(), nullable=False),
        pa.field("kind", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("key", pa.string()),
        pa.field("about", pa.string()),
        pa.field("body", pa.binary(), nullable=False),
        pa.field("schema_version", pa.int32(), nullable=False),
    ],
    metadata={"maitred.schema_version": str(SCHEMA_VERSION)},
)


def write_rows(batch: Sequence[Stored]) -> bytes:
    """A Parquet file with these records. ``body`` is the record's own encoding; sealed parts stay sealed in it."""
    records = [stored.record for stored in batch]
    columns: list[Sequence[Any]] = [
        [stored.position for stored in batch],
        [stored.time_us for stored in batch],
        [kind_of(record) for record in records],
        [record.idempotency_key for record in records],
        [record.about for record in records],
        [encode(record) for record in records],
        [SCHEMA_VERSION] * len(batch),
    ]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)]
    return parquet(pa.Table.from_arrays(arrays, schema=_SCHEMA))


def parquet(table: pa.Table) -> bytes:
    """A table's Parquet file: the same rows give the same bytes."""
    file = io.BytesIO()
    pq.write_table(table, file, compression=COMPRESSION)
    return file.getvalue()


class RecordRows:
    """A part's rows, decoded one by one as they are asked for."""

    def __init__(self, content: bytes) -> None:
        """Raises ``CorruptRecord`` if this is not a file of records."""
        try:
            # Read by this thread alone: a thread of Arrow's that still lets go of our bytes aborts an ending process.
            with pq.ParquetFile(pa.BufferReader(content), pre_buffer=False) as file:
                table = file.read(use_threads=False)
            table = table.select(_SCHEMA.names).cast(_SCHEMA).combine_chunks()
        except (pa.ArrowException, KeyError, ValueError, OSError) as error:
            raise CorruptRecord(f"not a file of records: {error}") from error
        self._positions: list[int] = table["position"].to_pylist()
        self._times: list[int] = table["time_us"].to_pylist()
        self._bodies = table["body"]
        self._table = table

    def after(self, position: int, limit: int) -> list[Stored]:
        """At most ``limit`` records with a greater position, in order."""
        start = bisect_left(self._positions, position + 1)
        return [self._stored(row) for row in range(start, min(start + limit, len(self._positions)))]

    def at(self, position: int) -> Stored | None:
        """The record at this position."""
        return next((stored for stored in self.after(position - 1, 1) if stored.position == position), None)

    def names(self) -> list[tuple[int, str, str | None, str | None]]:
        """``(position, kind, key, about)`` of every record."""
        columns = [self._table[name].to_pylist() for name in ("kind", "key", "about")]
        return list(zip(self._positions, *columns, strict=True))

    def _stored(self, row: int) -> Stored:
        position = self._positions[row]
        return Stored(position, self._times[row], decode_at(position, self._bodies[row].as_py()))
