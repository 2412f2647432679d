"""Open decisions parked in a scratch file, which has no name and is gone when its process is."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import Any

import msgspec

from engine.errors import ParkingError
from engine.open_decision import Moment, OpenDecision

CACHE_KIB = 8_192

_PRAGMAS = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA cache_size = -{CACHE_KIB};
"""
_SCHEMA = """
CREATE TABLE parked (
    at_us INTEGER, rank INTEGER, position INTEGER, id TEXT NOT NULL, since INTEGER NOT NULL, state BLOB NOT NULL,
    PRIMARY KEY (at_us, rank, position)
) WITHOUT ROWID;
CREATE UNIQUE INDEX parked_id ON parked (id);
CREATE INDEX parked_since ON parked (since);
"""
_PUT = "INSERT INTO parked VALUES (?, ?, ?, ?, ?, ?)"
_TAKE = "DELETE FROM parked WHERE id = ? RETURNING state"
_SOONEST = "SELECT at_us, rank, position FROM parked ORDER BY at_us, rank, position LIMIT 1"
_FIRST = "SELECT at_us, rank, position, state FROM parked ORDER BY at_us, rank, position LIMIT ?"
_DELETE_UP_TO = "DELETE FROM parked WHERE (at_us, rank, position) <= (?, ?, ?)"
_OLDEST = "SELECT min(since) FROM parked"


class SqliteParking:
    """Keeps decisions on disk, in ``folder``, from the first that is parked on; before that there is no file.

    Nothing is synced, nothing survives: what is parked is read from the journal again after a restart.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: sqlite3.Connection | None = None
        self._count = 0
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(OpenDecision).decode

    def __len__(self) -> int:
        return self._count

    @property
    def soonest(self) -> Moment | None:
        """See ``Parking``."""
        rows = self._all(_SOONEST)
        return rows[0] if rows else None

    @property
    def oldest(self) -> int | None:
        """See ``Parking``."""
        rows = self._all(_OLDEST)
        return rows[0][0] if rows else None

    def put(self, decisions: Sequence[OpenDecision]) -> None:
        """See ``Parking``."""
        # In the order of the index whose pages lie farthest apart, so that each of them is written once.
        by_id = sorted(decisions, key=lambda decision: decision.id)
        rows = ((*each.next, each.id, each.since, self._encode(each)) for each in by_id)
        with self._transaction() as connection:
            connection.executemany(_PUT, rows)
        self._count += len(decisions)

    def take(self, decision_id: str) -> OpenDecision | None:
        """See ``Parking``."""
        rows = self._all(_TAKE, decision_id)
        self._count -= len(rows)
        return self._decode(rows[0][0]) if rows else None

    def take_soonest(self, most: int) -> list[OpenDecision]:
        """See ``Parking``."""
        if not self._count:
            return []
        with self._transaction() as connection:
            rows = connection.execute(_FIRST, (most,)).fetchall()
            connection.execute(_DELETE_UP_TO, rows[-1][:3])
        self._count -= len(rows)
        return [self._decode(state) for *_, state in rows]

    def close(self) -> None:
        """Give the disk space back."""
        if self._opened is not None:
            self._opened.close()
        self._opened, self._count = None, 0

    def _all(self, statement: str, *parameters: str) -> list[Any]:
        if not self._count:
            return []
        with _parking_errors():
            return self._connection().execute(statement, parameters).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _parking_errors():
            connection = self._connection()
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = _scratch(self._folder)
        return self._opened


def _scratch(folder: Path) -> sqlite3.Connection:
    """An empty database whose file has no name any more: whatever happens to this process, nothing is left of it."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = mkstemp(prefix="parked-", dir=folder)
    os.close(descriptor)
    connection = sqlite3.connect(name, isolation_level=None)
    connection.executescript(_PRAGMAS + _SCHEMA)
    Path(name).unlink()
    return connection


@contextmanager
def _parking_errors() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise ParkingError(f"open decisions cannot be parked: {error}") from error
