"""Online rows in one SQLite file: one row per entity and view, whole, as a msgpack map.

Feast's plug-in (``features.online_store``) and the direct reader share this layout. WAL mode: readers never wait;
a commit survives a crash of the process, and a crash of the machine may lose the last ones but never corrupts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

OPEN_TIMEOUT_S = 5.0
CHECKPOINT_PAGES = 1_000

_SCHEMA = """CREATE TABLE IF NOT EXISTS online_row (
    project TEXT NOT NULL, entity BLOB NOT NULL, view TEXT NOT NULL, timestamp_us INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (project, entity, view)) WITHOUT ROWID"""
_READ = "SELECT view, timestamp_us, body FROM online_row WHERE project = ?"
_READ_VIEW = _READ + " AND entity = ? AND view = ?"
_PUT = "INSERT OR REPLACE INTO online_row (project, entity, view, timestamp_us, body) VALUES (?, ?, ?, ?, ?)"
_INSERT = "INSERT OR IGNORE INTO online_row (project, entity, view, timestamp_us, body) VALUES (?, ?, ?, ?, ?)"
_UPDATE = """UPDATE online_row SET timestamp_us = ?, body = ?
    WHERE project = ? AND entity = ? AND view = ? AND timestamp_us = ?"""

_DELETE = "DELETE FROM online_row WHERE project = ?"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, Any]).decode


class StoredRow(NamedTuple):
    """A row as it lies in the file. ``None`` is a null; bytes are a Feast value of a type that is no scalar."""

    view: str
    timestamp_us: int
    values: dict[str, Any]


class RowWrite(NamedTuple):
    """A row, or a part of one, to be merged into what is stored."""

    view: str
    entity: bytes
    timestamp_us: int
    values: Mapping[str, Any]


class RowStore:
    """One connection to the rows of one project; for one thread at a time.

    Args:
        path: the file, made (owner-only) if absent.
        busy_ms: how long a write waits for another process's transaction before ``sqlite3.OperationalError``.
        checkpoint_pages: how long the write-ahead log may grow before a commit moves it into the file itself, which
            takes tens of milliseconds; ``checkpoint`` does it at a better time.
    """

    def __init__(self, path: Path, project: str, *, busy_ms: int, checkpoint_pages: int = CHECKPOINT_PAGES) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._project = project
        self._connection = sqlite3.connect(path, timeout=OPEN_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        self._execute = self._connection.execute
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON", "mmap_size = 268435456"):
            self._execute(f"PRAGMA {pragma}")
        self._execute(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")
        self._execute(_SCHEMA)
        self._execute(f"PRAGMA busy_timeout = {busy_ms}")

    def read(self, *entities: bytes) -> list[StoredRow]:
        """The rows of every view of some entities, as of one moment; two cost little more than one."""
        query = f"{_READ} AND entity IN ({', '.join('?' * len(entities))})"
        found = self._execute(query, (self._project, *entities)).fetchall()
        return [StoredRow(view, timestamp_us, _decode(body)) for view, timestamp_us, body in found]

    def read_view(self, view: str, entity: bytes) -> StoredRow | None:
        """One row."""
        found = self._execute(_READ_VIEW, (self._project, entity, view)).fetchone()
        return StoredRow(view, found[1], _decode(found[2])) if found else None

    def merge(self, writes: Iterable[RowWrite]) -> None:
        """Write in one transaction: older never overwrites newer, equal does, what a write leaves out stays."""
        with self._transaction():
            for write in writes:
                self._merge(write)

    def replace(
        self, view: str, entity: bytes, values: Mapping[str, Any], *, timestamp_us: int, expected_us: int | None
    ) -> bool:
        """Replace the whole row if its timestamp is still ``expected_us`` (``None``: if there is none)."""
        body = _encode(values)
        if expected_us is None:
            cursor = self._execute(_INSERT, (self._project, entity, view, timestamp_us, body))
        else:
            cursor = self._execute(_UPDATE, (timestamp_us, body, self._project, entity, view, expected_us))
        return cursor.rowcount == 1

    def delete_entity(self, entity: bytes) -> int:
        """Forget every row of one entity; how many there were."""
        return self._execute(_DELETE + " AND entity = ?", (self._project, entity)).rowcount

    def drop_view(self, view: str) -> int:
        """Forget every row of one view; how many there were."""
        return self._execute(_DELETE + " AND view = ?", (self._project, view)).rowcount

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file as far as that goes without making anybody wait."""
        self._execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _merge(self, write: RowWrite) -> None:
        stored = self.read_view(write.view, write.entity)
        if stored is not None and stored.timestamp_us > write.timestamp_us:
            return
        values = {**stored.values, **write.values} if stored is not None else write.values
        self._execute(_PUT, (self._project, write.entity, write.view, write.timestamp_us, _encode(values)))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._execute("BEGIN IMMEDIATE")
        with self._connection:
            yield
