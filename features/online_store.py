"""Feast plug-in: the embedded online store (``online_store: {type: features.online_store.WalSqliteOnlineStore}``).

Feast ships no embedded store fit for production: its own SQLite store keeps a row per feature, lets older values
overwrite newer ones and fails under concurrent writers. This one is thin over ``features.embedded.rowstore``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from feast import Entity, FeatureView, RepoConfig
from feast.infra.key_encoding_utils import serialize_entity_key
from feast.infra.online_stores.online_store import OnlineStore
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.repo_config import FeastConfigBaseModel
from pydantic import field_validator

from features.embedded.rowstore import RowStore, RowWrite

BUSY_MS = 10_000
ROWS_PER_TRANSACTION = 500
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

FeastRow = tuple[EntityKey, dict[str, Value], datetime, datetime | None]
ReadRow = tuple[datetime | None, dict[str, Value] | None]

_SCALARS = frozenset({"string_val", "int32_val", "int64_val", "float_val", "double_val", "bool_val"})
_FIELDS: Mapping[str, str] = {
    "STRING": "string_val",
    "INT32": "int32_val",
    "INT64": "int64_val",
    "FLOAT": "float_val",
    "DOUBLE": "double_val",
    "BOOL": "bool_val",
}


class WalSqliteOnlineStoreConfig(FeastConfigBaseModel):
    """The ``online_store`` section. A relative ``path`` is relative to the repository."""

    type: Literal["features.online_store.WalSqliteOnlineStore"] = "features.online_store.WalSqliteOnlineStore"
    path: str

    @field_validator("path")
    @classmethod
    def _expanded(cls, path: str) -> str:
        if "$" in path:
            raise ValueError(f"{path!r} names an environment variable that is not set")
        return path


class WalSqliteOnlineStore(OnlineStore):
    """Rows of every view and entity in one WAL-mode SQLite file; one connection per thread."""

    def __init__(self) -> None:
        self._local = threading.local()

    def online_write_batch(
        self,
        config: RepoConfig,
        table: FeatureView,
        data: list[FeastRow],
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Merge rows: older never overwrites newer, equal timestamps apply, absent features stay."""
        rows = self._rows(config)
        for start in range(0, len(data), ROWS_PER_TRANSACTION):
            batch = data[start : start + ROWS_PER_TRANSACTION]
            rows.merge(_writes(config, table.name, batch))
            if progress is not None:
                progress(len(batch))

    def online_read(
        self,
        config: RepoConfig,
        table: FeatureView,
        entity_keys: list[EntityKey],
        requested_features: list[str] | None = None,
    ) -> list[ReadRow]:
        """Rows in the order of ``entity_keys``; ``(None, None)`` where there is none. Age is the reader's affair."""
        fields = {f.name: _FIELDS.get(f.dtype.to_value_type().name, "") for f in table.features}
        wanted = fields if requested_features is None else {n: fields[n] for n in requested_features if n in fields}
        rows = self._rows(config)
        return [_read(rows, table.name, _key(config, key), wanted) for key in entity_keys]

    def delete_entity(self, config: RepoConfig, entity_key: EntityKey) -> int:
        """Forget every view's row of one entity; how many there were."""
        return self._rows(config).delete_entity(_key(config, entity_key))

    def update(
        self,
        config: RepoConfig,
        tables_to_delete: Sequence[FeatureView],
        tables_to_keep: Sequence[FeatureView],
        entities_to_delete: Sequence[Entity],
        entities_to_keep: Sequence[Entity],
        partial: bool,
    ) -> None:
        """Called by ``feast apply``: make the file, drop the rows of views that are gone."""
        rows = self._rows(config)
        for table in tables_to_delete:
            rows.drop_view(table.name)

    def teardown(self, config: RepoConfig, tables: Sequence[FeatureView], entities: Sequence[Entity]) -> None:
        """Called by ``feast teardown``: drop this project's rows."""
        for table in tables:
            self._rows(config).drop_view(table.name)

    def _rows(self, config: RepoConfig) -> RowStore:
        rows: RowStore | None = getattr(self._local, "rows", None)
        if rows is None:
            path = Path(config.repo_path or ".") / config.online_store.path
            rows = self._local.rows = RowStore(path, config.project, busy_ms=BUSY_MS)
        return rows


def _key(config: RepoConfig, entity_key: EntityKey) -> bytes:
    key: bytes = serialize_entity_key(entity_key, config.entity_key_serialization_version)
    return key


def _writes(config: RepoConfig, view: str, data: Sequence[FeastRow]) -> Iterator[RowWrite]:
    for entity_key, values, timestamp, _ in data:
        native = {name: _native(value) for name, value in values.items()}
        yield RowWrite(view, _key(config, entity_key), _microseconds(timestamp), native)


def _read(rows: RowStore, view: str, key: bytes, fields: Mapping[str, str]) -> ReadRow:
    stored = rows.read_view(view, key)
    if stored is None:
        return None, None
    values = {name: _proto(stored.values[name], field) for name, field in fields.items() if name in stored.values}
    return EPOCH + stored.timestamp_us * MICROSECOND, values


def _native(value: Value) -> object:
    field = value.WhichOneof("val")
    if field is None:
        return None
    return getattr(value, field) if field in _SCALARS else value.SerializeToString()


def _proto(value: object, field: str) -> Value:
    if value is None:
        return Value()
    if isinstance(value, bytes):
        proto: Value = Value.FromString(value)
        return proto
    scalar: dict[str, Any] = {field: value}
    return Value(**scalar)


def _microseconds(timestamp: datetime) -> int:
    aware = timestamp if timestamp.tzinfo is not None else timestamp.replace(tzinfo=UTC)
    return (aware - EPOCH) // MICROSECOND
