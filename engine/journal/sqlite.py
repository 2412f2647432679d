"""The journal in one SQLite file: for one machine, any number of threads and processes."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import NamedTuple

from engine.journal.base import Appended, BeforeCommit, Durability, Stored
from engine.records.codec import decode_at, encode, kind_of
from engine.records.schema import AnyRecord
from engine.sqlite_wal import journal_errors, open_reader, open_writer, transaction
from features.clock import Clock, wall_clock

CHUNK = 64

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS records (position INTEGER PRIMARY KEY AUTOINCREMENT, time_us INTEGER NOT NULL,"
    " kind TEXT NOT NULL, key TEXT, about TEXT, body BLOB NOT NULL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS records_by_key ON records (kind, key) WHERE key IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS records_by_decision ON records (about) WHERE about IS NOT NULL",
)
CHECKPOINT_PAGES = 1_000
_END = (
    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'records'), 0),"
    " coalesce((SELECT time_us FROM records ORDER BY position DESC LIMIT 1), 0)"
)
_STORED = "SELECT position, time_us, body FROM records"


class _Row(NamedTuple):
    position: int
    time_us: int
    kind: str
    key: str | None
    about: str | None
    body: bytes


class SqliteJournal:
    """A ``Journal`` (see ``journal.base``). Appends take turns; reads have a connection of their own and never wait.

    Args:
        before_commit: called before each transaction; if it raises, nothing is appended.
        checkpoint_pages: how long the write-ahead log may grow before a commit moves it into the file, which takes
            tens of milliseconds. A serving process sets it high and leaves the work to the learner's commits.
    """

    def __init__(
        self,
        path: Path,
        durability: Durability = "power",
        before_commit: BeforeCommit | None = None,
        clock: Clock = wall_clock,
        checkpoint_pages: int = CHECKPOINT_PAGES,
    ) -> None:
        self._before_commit = before_commit
        self._clock = clock
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        with journal_errors(f"open the journal {path}"):
            self._writer = open_writer(path, "FULL" if durability == "power" else "NORMAL")
            self._writer.execute(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")
            with transaction(self._writer):
                for statement in _SCHEMA:
                    self._writer.execute(statement)
            self._reader = open_reader(path)

    def append(self, records: Sequence[AnyRecord]) -> list[Appended]:
        """Append in one transaction. Raises ``JournalError`` with nothing appended."""
        bodies = [encode(record) for record in records]
        if not records:
            return []
        if self._before_commit is not None:
            self._before_commit()
        with self._writing, journal_errors("append"), transaction(self._writer):
            end, last_us = self._writer.execute(_END).fetchone()
            rows = _rows(records, bodies, end + 1, max(self._clock(), last_us))
            if self._insert(rows) == len(rows):
                return [Appended(row.position, row.time_us, duplicate=False) for row in rows]
            return [self._appended(row) for row in rows]

    def read(self, after: int, limit: int) -> list[Stored]:
        """At most ``limit`` records with position > ``after``, in order."""
        return self._select("WHERE position > ? ORDER BY position LIMIT ?", (after, limit))

    def find(self, kind: str, key: str) -> Stored | None:
        """The record of this kind with this idempotency key."""
        return next(iter(self._select("WHERE kind = ? AND key = ?", (kind, key))), None)

    def about(self, decision_id: str) -> list[Stored]:
        """Every record that belongs to a decision, in order."""
        return self._select("WHERE about = ? ORDER BY position", (decision_id,))

    def last_position(self) -> int:
        """The newest position; 0 if empty."""
        with self._reading, journal_errors("read"):
            (position,) = self._reader.execute("SELECT coalesce(max(position), 0) FROM records").fetchone()
            return int(position)

    def close(self) -> None:
        """Release both connections."""
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    def _insert(self, rows: Sequence[_Row]) -> int:
        return sum(self._insert_chunk(rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK))

    def _insert_chunk(self, rows: Sequence[_Row]) -> int:
        # One statement for many rows: SQLite lets go of the interpreter lock once, not once a row.
        return self._writer.execute(_insert_statement(len(rows)), [value for row in rows for value in row]).rowcount

    def _appended(self, row: _Row) -> Appended:
        if row.key is None:
            return Appended(row.position, row.time_us, duplicate=False)
        position, time_us = self._writer.execute(
            "SELECT position, time_us FROM records WHERE kind = ? AND key = ?", (row.kind, row.key)
        ).fetchone()
        return Appended(position, time_us, duplicate=position != row.position)

    def _select(self, where: str, parameters: Iterable[str | int]) -> list[Stored]:
        with self._reading, journal_errors("read"):
            found = self._reader.execute(f"{_STORED} {where}", tuple(parameters)).fetchall()
        return [Stored(position, time_us, decode_at(position, body)) for position, time_us, body in found]


def _rows(records: Sequence[AnyRecord], bodies: Sequence[bytes], first: int, time_us: int) -> list[_Row]:
    return [
        _Row(position, time_us, kind_of(record), record.idempotency_key, record.about, body)
        for position, record, body in zip(count(first), records, bodies, strict=False)
    ]


@cache
def _insert_statement(rows: int) -> str:
    values = ", ".join(["(?, ?, ?, ?, ?, ?)"] * rows)
    return f"INSERT INTO records VALUES {values} ON CONFLICT DO NOTHING"
