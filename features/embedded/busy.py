"""Whether an error of SQLite means only: not now."""

from __future__ import annotations

import sqlite3

_PRIMARY = 0xFF


def is_busy(error: sqlite3.OperationalError) -> bool:
    """Another connection is in the way. Also while it recovers the log after a crash, which has a code of its own."""
    return error.sqlite_errorcode & _PRIMARY == sqlite3.SQLITE_BUSY
