"""SQLite files read without leaving a trace: no write-ahead log made, none moved into the file, no index repaired.

``mode=ro`` alone is not enough: beside a file that was closed properly it makes an empty log and its index, and beside
one that was left by a killed process it rewrites the index.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

TIMEOUT_S = 2.0
LIVE = "mode=ro&readonly_shm=1"
"""Reads the log through its index and does not write the index."""
BUSY = "mode=ro"
"""When ``LIVE`` cannot: the index is in use, or other processes are making it this moment."""
CLOSED = "mode=ro&immutable=1"
"""The file alone: exact if there is no log."""


@contextlib.contextmanager
def untouched(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for reading. Raises ``sqlite3.Error`` if the file is none that SQLite can read."""
    connection = _open(path)
    try:
        yield connection
    finally:
        connection.close()


def log_of(path: Path) -> Path:
    """The write-ahead log of a file."""
    return path.with_name(f"{path.name}-wal")


def reads_whole(path: Path) -> bool:
    """False if there is a log without its index, as in a copy: reading would leave out, or touch, what is in it."""
    return not _has_bytes(log_of(path)) or _index_of(path).exists()


def _open(path: Path) -> sqlite3.Connection:
    if not _index_of(path).exists():
        return _connected(path, CLOSED)
    try:
        return _connected(path, LIVE)
    except sqlite3.OperationalError:
        return _connected(path, BUSY if _has_bytes(log_of(path)) else CLOSED)


def _connected(path: Path, how: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{how}"
    connection = sqlite3.connect(uri, uri=True, timeout=TIMEOUT_S, isolation_level=None)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _index_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-shm")


def _has_bytes(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
