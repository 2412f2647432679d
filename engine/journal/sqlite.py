"""The journal in one SQLite file: for one machine, any number of threads and processes."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from engine.journal import sqlite_cut, sqlite_lease
from engine.journal.base import Appended, BeforeCommit, Durability, Lease, Stored, by_key
from engine.journal.cut import beyond, cut_record
from engine.journal.gaps import contiguous
from engine.records.codec import decode_at, encode, kind_of
from engine.records.schema import AnyRecord
from engine.sqlite_wal import journal_errors, open_reader, open_writer, transaction
from features.clock import Clock, SteadyClock

CHUNK = 64

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS records (position INTEGER PRIMARY KEY AUTOINCREMENT, time_us INTEGER NOT NULL,"
    " kind TEXT NOT NULL, key TEXT, about TEXT, body BLOB NOT NULL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS records_by_key ON records (kind, key) WHERE key IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS records_by_decision ON records (about) WHERE about IS NOT NULL",
    *sqlite_lease.SCHEMA,
    *sqlite_cut.SCHEMA,
)
CHECKPOINT_PAGES = 1_000
_LAST = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'records'), 0)"
_END = f"{_LAST}, coalesce((SELECT time_us FROM records ORDER BY position DESC LIMIT 1), 0)"
_PLACE = "SELECT position, time_us FROM records WHERE kind = ? AND key = ?"
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
        clock: journal time; a ``SteadyClock`` by default, which goes on from the newest time in the file.
        checkpoint_pages: how long the write-ahead log may grow before a commit moves it into the file, which takes
            tens of milliseconds. A serving process sets it high and leaves the work to the learner's commits.
    """

    def __init__(
        self,
        path: Path,
        durability: Durability = "power",
        before_commit: BeforeCommit | None = None,
        clock: Clock | None = None,
        checkpoint_pages: int = CHECKPOINT_PAGES,
    ) -> None:
        self._path = path
        self._before_commit = before_commit
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        with journal_errors(f"open the journal {path}"):
            self._writer = open_writer(path, "FULL" if durability == "power" else "NORMAL")
            self._writer.execute(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")
            with transaction(self._writer):
                for statement in _SCHEMA:
                    self._writer.execute(statement)
            self._reader = open_reader(path)
            self._clock = clock or SteadyClock(not_before=self._newest_us())

    def append(self, records: Sequence[AnyRecord], *, fence: int | None = None) -> list[Appended]:
        """Append in one transaction. Raises ``JournalError`` with nothing appended."""
        bodies = [encode(record) for record in records]
        if not records:
            return []
        if self._before_commit is not None:
            self._before_commit()
        with self._transaction("append"):
            sqlite_lease.check(self._writer, fence)
            return self._append(records, bodies)

    def lease(self, holder: str, ttl_us: int) -> Lease:
        """See ``Journal.lease``."""
        with self._transaction("lease"):
            _, last_us = self._writer.execute(_END).fetchone()
            return sqlite_lease.grant(self._writer, holder, ttl_us, max(self._clock(), last_us))

    def release(self, lease: Lease) -> None:
        """See ``Journal.release``."""
        with self._transaction("release the lease"):
            sqlite_lease.give_back(self._writer, lease)

    def cut(self, position: int, *, fence: int | None = None) -> int:
        """See ``Journal.cut``. The file keeps its size: the journal grows into the room that is free then."""
        record = cut_record(position)
        with self._transaction("cut"):
            sqlite_lease.check(self._writer, fence)
            (last,) = self._writer.execute(_LAST).fetchone()
            if position > last:
                raise beyond(last)
            self._append([record], [encode(record)])
            sqlite_cut.move(self._writer, position)
        return self._remove(position)

    def read(self, after: int, limit: int) -> list[Stored]:
        """At most ``limit`` records with position > ``after``, in order."""
        after = max(after, 0)
        wanted = "WHERE position > ? ORDER BY position LIMIT ?"
        return contiguous(self, after, lambda: self._select(wanted, (after, limit)))

    def find(self, kind: str, key: str) -> Stored | None:
        """The record of this kind with this idempotency key."""
        return next(iter(self._select("WHERE kind = ? AND key = ?", (kind, key))), None)

    def find_all(self, kind: str, keys: Sequence[str]) -> dict[str, Stored]:
        """See ``Journal.find_all``."""
        chunks = [keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK)]
        found = [stored for chunk in chunks for stored in self._select(_among(len(chunk)), (kind, *chunk))]
        return by_key(found)

    def about(self, decision_id: str) -> list[Stored]:
        """Every record that belongs to a decision, in order."""
        return self._select("WHERE about = ? ORDER BY position", (decision_id,))

    def last_position(self) -> int:
        """The newest position; 0 if empty."""
        return int(self._query(_LAST)[0][0])

    def cut_position(self) -> int:
        """See ``Journal.cut_position``."""
        return int(self._query(sqlite_cut.POSITION)[0][0])

    def gaps_end(self) -> int:
        """See ``journal.gaps.Ends``."""
        return int(self._query(sqlite_cut.GAPS_END)[0][0])

    def close(self) -> None:
        """Release both connections."""
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    def _newest_us(self) -> int:
        _, last_us = self._writer.execute(_END).fetchone()
        return max(int(last_us), sqlite_lease.last_renewal_us(self._writer))

    @contextmanager
    def _transaction(self, what: str) -> Iterator[None]:
        with self._writing, journal_errors(f"{what} {self._path}"), transaction(self._writer):
            yield

    def _append(self, records: Sequence[AnyRecord], bodies: Sequence[bytes]) -> list[Appended]:
        end, last_us = self._writer.execute(_END).fetchone()
        rows = _rows(records, bodies, end + 1, max(self._clock(), last_us))
        if self._insert(rows) == len(rows):
            return [Appended(row.position, row.time_us, duplicate=False) for row in rows]
        self._take_back(end)
        return self._append_new(rows, end)

    def _take_back(self, end: int) -> None:
        """A duplicate among the rows used up a position: they must follow one another."""
        self._writer.execute("DELETE FROM records WHERE position > ?", (end,))
        self._writer.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'records'", (end,))

    def _append_new(self, rows: Sequence[_Row], end: int) -> list[Appended]:
        known: dict[tuple[str, str], Appended] = {}
        new: list[_Row] = []
        places = []
        for row in rows:
            place = self._known(row, known)
            if place is None:
                new.append(row._replace(position=end + len(new) + 1))
                place = Appended(new[-1].position, row.time_us, duplicate=False)
            if row.key is not None:
                known[row.kind, row.key] = place._replace(duplicate=True)
            places.append(place)
        self._insert(new)
        return places

    def _known(self, row: _Row, known: Mapping[tuple[str, str], Appended]) -> Appended | None:
        if row.key is None:
            return None
        if (row.kind, row.key) in known:
            return known[row.kind, row.key]
        found = self._writer.execute(_PLACE, (row.kind, row.key)).fetchone()
        return None if found is None else Appended(found[0], found[1], duplicate=True)

    def _remove(self, position: int) -> int:
        removed = after = 0
        while after < position:
            with self._transaction("cut"):
                after, gone = sqlite_cut.remove_some(self._writer, after, position)
            removed += gone
        return removed

    def _insert(self, rows: Sequence[_Row]) -> int:
        return sum(self._insert_chunk(rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK))

    def _insert_chunk(self, rows: Sequence[_Row]) -> int:
        # One statement for many rows: SQLite lets go of the interpreter lock once, not once a row.
        return self._writer.execute(_insert_statement(len(rows)), [value for row in rows for value in row]).rowcount

    def _select(self, where: str, parameters: Iterable[str | int]) -> list[Stored]:
        found = self._query(f"{_STORED} {where}", parameters)
        return [Stored(position, time_us, decode_at(position, body)) for position, time_us, body in found]

    def _query(self, query: str, parameters: Iterable[str | int] = ()) -> list[Any]:
        with self._reading, journal_errors(f"read {self._path}"):
            return self._reader.execute(query, tuple(parameters)).fetchall()


def _rows(records: Sequence[AnyRecord], bodies: Sequence[bytes], first: int, time_us: int) -> list[_Row]:
    return [
        _Row(position, time_us, kind_of(record), record.idempotency_key, record.about, body)
        for position, record, body in zip(count(first), records, bodies, strict=False)
    ]


@cache
def _among(keys: int) -> str:
    return f"WHERE kind = ? AND key IN ({', '.join('?' * keys)})"


@cache
def _insert_statement(rows: int) -> str:
    values = ", ".join(["(?, ?, ?, ?, ?, ?)"] * rows)
    return f"INSERT INTO records VALUES {values} ON CONFLICT DO NOTHING"
