"""SQLite files shared by threads and processes: write-ahead log, one writer at a time, readers never wait."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from engine.errors import JournalError
from features.embedded.busy import is_busy

BUSY_TIMEOUT_S = 5.0
BUSY_POLL_S = 0.0005
CACHE_KIB = 16_384
SET_WAL_ATTEMPTS = 1_000


def open_writer(path: Path, synchronous: Literal["FULL", "NORMAL"]) -> sqlite3.Connection:
    """A connection in autocommit mode. ``FULL`` syncs the log at every commit, ``NORMAL`` only at checkpoints."""
    connection = sqlite3.connect(path, timeout=0.0, isolation_level=None, check_same_thread=False)
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
    _begin(connection)
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


def _begin(connection: sqlite3.Connection) -> None:
    # SQLite's own waiting sleeps longer and longer, up to 100 ms: whoever came late loses to whoever writes often.
    end = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > end:
                raise
            time.sleep(BUSY_POLL_S)


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
