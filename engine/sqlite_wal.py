"""SQLite files shared by threads and processes: write-ahead log, one writer at a time, readers never wait."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from engine.errors import JournalError

BUSY_TIMEOUT_S = 5.0
CACHE_KIB = 16_384
SET_WAL_ATTEMPTS = 1_000


def open_writer(path: Path, synchronous: Literal["FULL", "NORMAL"]) -> sqlite3.Connection:
    """A connection in autocommit mode. ``FULL`` syncs the log at every commit, ``NORMAL`` only at checkpoints."""
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    _set_wal(connection)
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A read-only connection to a file that ``open_writer`` made; it sees whatever is committed."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything in the block is committed together, or nothing is."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


@contextmanager
def journal_errors(what: str) -> Iterator[None]:
    """SQLite's errors become ``JournalError``s that say what was being done."""
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(f"{what}: {error}") from error


def _set_wal(connection: sqlite3.Connection) -> None:
    for attempt in range(1, SET_WAL_ATTEMPTS + 1):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            # Two processes that create the file at once may be refused here without SQLite's own waiting.
            if attempt == SET_WAL_ATTEMPTS:
                raise
            time.sleep(BUSY_TIMEOUT_S / SET_WAL_ATTEMPTS)
