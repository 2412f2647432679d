"""A glance at the journal's file: where it ends and how it grows, without folding it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from api.doctor.untouched import log_of, untouched
from engine.errors import CorruptRecord
from engine.journal.open import SQLITE
from engine.records.codec import decode
from engine.sqlite_wal import journal_errors

RECENT = 100_000
"""Records over which growth is measured."""
TELLING = 1_000
"""Fewer say nothing about growth: the file's first pages weigh more than they do."""

_END = "SELECT position, CAST(time_us AS INTEGER) FROM records ORDER BY position DESC LIMIT 1"
_AFTER = "SELECT CAST(time_us AS INTEGER) FROM records WHERE position > ? ORDER BY position LIMIT 1"
_NEWEST = "SELECT position, CAST(body AS BLOB) FROM records ORDER BY position DESC LIMIT ?"


class End(NamedTuple):
    """The newest record's place and append time (µs); zeros if there is none."""

    position: int
    time_us: int


class Glance:
    """Reads a journal that others write. Everything raises ``JournalError`` if the file cannot be read.

    Args:
        url: of an embedded journal.
    """

    def __init__(self, url: str) -> None:
        self.path = Path(url.removeprefix(SQLITE))

    @property
    def exists(self) -> bool:
        """Whether anything was ever journaled here."""
        return self.path.exists()

    @property
    def bytes(self) -> int:
        """Size of the file and its write-ahead log."""
        return sum(path.stat().st_size for path in (self.path, log_of(self.path)) if path.exists())

    def end(self) -> End:
        """Where the journal ends."""
        with self._reading() as connection:
            found = connection.execute(_END).fetchone()
        return End(0, 0) if found is None else End(*found)

    def first_time_after(self, position: int) -> int | None:
        """Append time of the first record after a position; ``None`` if there is none."""
        with self._reading() as connection:
            found = connection.execute(_AFTER, (position,)).fetchone()
        return None if found is None else int(found[0])

    def check_newest(self, records: int) -> int:
        """Read the newest records; how many there were. Raises ``CorruptRecord`` naming the first that is none."""
        with self._reading() as connection:
            newest = connection.execute(_NEWEST, (records,)).fetchall()
        for position, body in newest:
            try:
                decode(body)
            except CorruptRecord as error:
                raise CorruptRecord(f"position {position}: {error}") from error
        return len(newest)

    def bytes_per_second(self, now_us: int) -> float:
        """How fast the file grows: the newest records' number over their time until now, by their mean size.

        0 while there are too few of them to tell.
        """
        end = self.end()
        since = max(0, end.position - RECENT)
        first_us = self.first_time_after(since)
        if end.position < TELLING or first_us is None or now_us <= first_us:
            return 0.0
        return (end.position - since) * (self.bytes / end.position) / ((now_us - first_us) / 1e6)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with journal_errors(f"read {self.path.name}"), untouched(self.path) as connection:
            yield connection
