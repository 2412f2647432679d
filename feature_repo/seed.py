"""Parquet files for the batch sources, from plain rows. Knows the schema, not Feast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.declared import features_of, view_named
from features.schema import FeatureSpec
from features.vector import Scalar

TIMESTAMP = "event_timestamp"

_TYPES = {"string": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}

Row = Mapping[str, Scalar]


def write_view(view: str, rows: Sequence[Row], folder: Path, at: datetime | None = None) -> Path:
    """``<view>.parquet`` from rows with the view's key and any of its features; what is absent is null.

    ``at`` is the rows' event time; now, if ``None``.
    """
    key = str(view_named(view).join_key)
    return write_rows(view, key, features_of(view), rows, folder, at or datetime.now(UTC))


def write_rows(
    name: str, key: str, features: Sequence[FeatureSpec], rows: Sequence[Row], folder: Path, at: datetime
) -> Path:
    """``<name>.parquet`` from rows with ``key`` and any of ``features``; what is absent is null."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.parquet"
    columns: list[tuple[str, pa.DataType]] = [(key, pa.string())]
    columns += [(feature.name, _TYPES[feature.type]) for feature in features]
    schema = pa.schema([*columns, (TIMESTAMP, pa.timestamp("us", tz="UTC"))])
    table = pa.Table.from_pylist([{**row, TIMESTAMP: at} for row in rows], schema=schema)
    pq.write_table(table, path)
    return path
