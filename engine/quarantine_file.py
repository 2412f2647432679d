"""The quarantine on disk: one small SQLite file that the processes of a deployment share."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from engine.refusal import Where
from engine.sqlite_wal import open_reader, open_writer, transaction

MOST_ROWS = 500
"""Of one place: a flood of names that somebody makes up displaces nothing and costs at most this much disk."""
OTHER = "other"

_CREATE = """
    CREATE TABLE IF NOT EXISTS quarantine (
        place TEXT, subject TEXT, reason TEXT, count INTEGER NOT NULL, first_us INTEGER NOT NULL,
        last_us INTEGER NOT NULL, decision_id TEXT, position INTEGER NOT NULL, PRIMARY KEY (place, subject, reason)
    ) WITHOUT ROWID
"""
_UPDATE = """
    UPDATE quarantine SET count = count + ?, last_us = max(last_us, ?), decision_id = coalesce(?, decision_id),
        position = max(position, ?)
    WHERE place = ? AND subject = ? AND reason = ?
"""
_INSERT = "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_COUNT = "SELECT count(*) FROM quarantine WHERE place = ?"
_COUNTED = "SELECT reason, sum(count) FROM quarantine WHERE place = ? GROUP BY reason"
_ROWS = """
    SELECT place, subject, reason, count, first_us, last_us, decision_id, position FROM quarantine
    ORDER BY last_us DESC, place, subject, reason
"""


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """Everything refused in one place about one subject for one reason. Times are µs since the epoch.

    Attributes:
        decision_id: the last decision concerned, if any.
        position: the newest journal position concerned; 0 if none.
    """

    where: Where
    subject: str
    reason: str
    count: int
    first_us: int
    last_us: int
    decision_id: str | None = None
    position: int = 0


class QuarantineFile:
    """Adds and reads rows. Every method may raise ``sqlite3.Error``; threads must take turns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: sqlite3.Connection | None = None

    def add(self, entries: Iterable[Quarantined]) -> None:
        """Add the counts, all or none. Beyond ``MOST_ROWS`` of a place its new subjects count as ``OTHER``."""
        if self._writer is None:
            self._writer = open_writer(self._path, "NORMAL")
            self._writer.execute(_CREATE)
        with transaction(self._writer):
            for entry in entries:
                self._add(self._writer, entry)

    def rows(self) -> list[Quarantined]:
        """Everything, newest first; nothing if nothing was ever refused."""
        names = Quarantined.__struct_fields__
        return [Quarantined(**dict(zip(names, row, strict=True))) for row in self._read(_ROWS)]

    def counted(self, where: Where) -> dict[str, int]:
        """Reason → how often, for one place."""
        return dict(self._read(_COUNTED, where))

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _read(self, query: str, *parameters: str) -> list[Any]:
        if not self._path.exists():
            return []
        with contextlib.closing(open_reader(self._path)) as reader:
            return reader.execute(query, parameters).fetchall()

    def _add(self, writer: sqlite3.Connection, entry: Quarantined) -> None:
        if _updated(writer, entry):
            return
        if writer.execute(_COUNT, (entry.where,)).fetchone()[0] >= MOST_ROWS:
            entry = msgspec.structs.replace(entry, subject=OTHER)
            if _updated(writer, entry):
                return
        writer.execute(_INSERT, msgspec.structs.astuple(entry))


def _updated(writer: sqlite3.Connection, entry: Quarantined) -> bool:
    key = (entry.where, entry.subject, entry.reason)
    changed = writer.execute(_UPDATE, (entry.count, entry.last_us, entry.decision_id, entry.position, *key))
    return changed.rowcount > 0
