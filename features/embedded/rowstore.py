"""Online rows in one SQLite file: one row per entity and view, whole, as a msgpack map.

Feast's plug-in (``features.online_store``) and the direct reader share this layout. WAL mode: readers never wait;
a commit survives a crash of the process, and a crash of the machine may lose the last ones but never corrupts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

OPEN_TIMEOUT_S = 5.0
CHECKPOINT_PAGES = 1_000
PURGED_AT_ONCE = 1_000

_ROWS = """CREATE TABLE IF NOT EXISTS online_row (
    project TEXT NOT NULL, entity BLOB NOT NULL, view TEXT NOT NULL, timestamp_us INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (project, entity, view)) WITHOUT ROWID"""
_ERASURES = """CREATE TABLE IF NOT EXISTS erased_entity (
    project TEXT NOT NULL, entity BLOB NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY (project, entity)) WITHOUT ROWID"""
_READ = "SELECT view, timestamp_us, body FROM online_row WHERE project = ?"
_READ_VIEW = _READ + " AND entity = ? AND view = ?"
_PUT = "INSERT OR REPLACE INTO online_row (project, entity, view, timestamp_us, body) VALUES (?, ?, ?, ?, ?)"
_ERASED = "EXISTS (SELECT 1 FROM erased_entity WHERE project = ? AND entity = ? AND at_us >= ?)"
_INSERT = f"""INSERT OR IGNORE INTO online_row (project, entity, view, timestamp_us, body)
    SELECT ?, ?, ?, ?, ? WHERE NOT {_ERASED}"""
_UPDATE = f"""UPDATE online_row SET timestamp_us = ?, body = ?
    WHERE project = ? AND entity = ? AND view = ? AND timestamp_us = ? AND NOT {_ERASED}"""
_WAS_ERASED = f"SELECT {_ERASED}"
_ERASE = """INSERT INTO erased_entity (project, entity, at_us) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET at_us = max(at_us, excluded.at_us)"""

_DELETE = "DELETE FROM online_row WHERE project = ?"
_SOME = """SELECT entity, view, timestamp_us FROM online_row
    WHERE project = ? AND entity > ? AND entity < ? ORDER BY entity LIMIT ?"""
_DELETE_ROW = _DELETE + " AND entity = ? AND view = ? AND timestamp_us = ?"
_FORGET_ERASURES = "DELETE FROM erased_entity WHERE project = ? AND at_us < ?"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, Any]).decode


Fate = Literal["written", "older", "erased"]
"""What became of a row: a newer one was there, or its entity was erased later than it says."""


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


class RowSwap(NamedTuple):
    """A row that replaces the one of ``expected_us`` (``None``: no row), unless it was erased since ``began_us``."""

    view: str
    entity: bytes
    timestamp_us: int
    values: Mapping[str, Any]
    expected_us: int | None
    began_us: int


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
        self._execute(_ROWS)
        self._execute(_ERASURES)
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

    def merge(self, writes: Iterable[RowWrite]) -> list[Fate]:
        """Write in one transaction: older never overwrites newer, equal does, what a write leaves out stays.

        Nothing brings back what an erased entity was until it was erased.
        """
        with self._transaction():
            return [self._merge(write) for write in writes]

    def replace(self, swaps: Sequence[RowSwap]) -> list[bool]:
        """Replace rows in one transaction; for each, False if another one than expected is there."""
        if len(swaps) == 1:
            return [self._swap(swaps[0])]
        with self._transaction():
            return [self._swap(swap) for swap in swaps]

    def erase(self, entities: Sequence[bytes], at_us: int) -> int:
        """Forget entities in one transaction, and that they were erased at ``at_us``; how many rows there were."""
        with self._transaction():
            for entity in entities:
                self._execute(_ERASE, (self._project, entity, at_us))
            return sum(self.delete_entity(entity) for entity in entities)

    def delete_entity(self, entity: bytes) -> int:
        """Forget every row of one entity; how many there were."""
        return self._execute(_DELETE + " AND entity = ?", (self._project, entity)).rowcount

    def drop_view(self, view: str) -> int:
        """Forget every row of one view; how many there were."""
        return self._execute(_DELETE + " AND view = ?", (self._project, view)).rowcount

    def purge(self, between: tuple[bytes, bytes], oldest_us: Mapping[str, int]) -> bytes:
        """Look at some rows of the entities between two keys, and drop those that are too old.

        Args:
            oldest_us: view → how old its rows may be; those of other views stay.

        Returns:
            The last key that was looked at: where to go on; the second one of ``between`` at the end.
        """
        found = self._execute(_SOME, (self._project, *between, PURGED_AT_ONCE)).fetchall()
        old = [row for row in found if row[2] < oldest_us.get(row[1], row[2])]
        if old:
            with self._transaction():
                for row in old:
                    self._execute(_DELETE_ROW, (self._project, *row))
        return bytes(found[-1][0]) if len(found) == PURGED_AT_ONCE else between[1]

    def forget_erasures(self, before_us: int) -> None:
        """Whatever was under way then is long over."""
        self._execute(_FORGET_ERASURES, (self._project, before_us))

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file as far as that goes without making anybody wait."""
        self._execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _swap(self, swap: RowSwap) -> bool:
        body = _encode(swap.values)
        project, entity, view = self._project, swap.entity, swap.view
        erased = (project, entity, swap.began_us)
        if swap.expected_us is None:
            cursor = self._execute(_INSERT, (project, entity, view, swap.timestamp_us, body, *erased))
        else:
            known = (project, entity, view, swap.expected_us)
            cursor = self._execute(_UPDATE, (swap.timestamp_us, body, *known, *erased))
        return cursor.rowcount == 1 or self._was_erased(swap.entity, swap.began_us)

    def _merge(self, write: RowWrite) -> Fate:
        stored = self.read_view(write.view, write.entity)
        if stored is not None and stored.timestamp_us > write.timestamp_us:
            return "older"
        if stored is None and self._was_erased(write.entity, write.timestamp_us):
            return "erased"
        values = {**stored.values, **write.values} if stored is not None else write.values
        self._execute(_PUT, (self._project, write.entity, write.view, write.timestamp_us, _encode(values)))
        return "written"

    def _was_erased(self, entity: bytes, since_us: int) -> bool:
        return bool(self._execute(_WAS_ERASED, (self._project, entity, since_us)).fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._execute("BEGIN IMMEDIATE")
        with self._connection:
            yield
