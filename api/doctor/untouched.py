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
_START = 48
_FRAMES, _INDEX_SALT, _LOG_SALT = slice(16, 20), slice(32, 40), slice(16, 24)
"""Where the index has the number of frames it knows, and where both have what shows that they belong together."""


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
    """False if there is a log without its own index, as in a copy: reading would leave out, or touch, what is in it."""
    return not _has_bytes(log_of(path)) or _is_indexed(path)


def _open(path: Path) -> sqlite3.Connection:
    if not (_is_indexed(path) and _has_bytes(path)):  # beside an empty file SQLite deletes the log
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


def _is_indexed(path: Path) -> bool:
    """Whether the index is of this log: SQLite would wait for seconds, and then write another one.

    Of a living log both change at any time, so they are looked at twice.
    """
    return any(_index_fits(_index_of(path), log_of(path)) for _ in range(2))


def _index_fits(index: Path, log: Path) -> bool:
    """By the format of SQLite's files: https://www.sqlite.org/walformat.html."""
    if not index.exists():
        return False
    head, start = _start_of(index), _start_of(log)
    indexes_nothing = head[_FRAMES] == bytes(4)
    return indexes_nothing or head[_INDEX_SALT] == start[_LOG_SALT]


def _start_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_START)
    except OSError:
        return b""


def _has_bytes(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
