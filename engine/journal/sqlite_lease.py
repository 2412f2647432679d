"""The lease in a SQLite journal: one row, read and written in the caller's transaction."""

from __future__ import annotations

import sqlite3

from engine.errors import Fenced
from engine.journal.base import Lease

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS lease (id INTEGER PRIMARY KEY CHECK (id = 1), holder TEXT, epoch INTEGER NOT NULL,"
    " expires_us INTEGER NOT NULL, renewed_us INTEGER NOT NULL)",
    "INSERT OR IGNORE INTO lease VALUES (1, NULL, 0, 0, 0)",
)
_HELD = "SELECT holder, epoch, expires_us, renewed_us FROM lease"


def grant(connection: sqlite3.Connection, holder: str, ttl_us: int, now_us: int) -> Lease:
    """The lease in force after this holder asked for it."""
    held, epoch, expires_us, renewed_us = connection.execute(_HELD).fetchone()
    now_us = max(now_us, renewed_us)
    if held != holder:
        if held is not None and expires_us > now_us:
            return Lease(held, epoch, expires_us)
        epoch += 1
    lease = Lease(holder, epoch, now_us + ttl_us)
    connection.execute("UPDATE lease SET holder = ?, epoch = ?, expires_us = ?, renewed_us = ?", (*lease, now_us))
    return lease


def give_back(connection: sqlite3.Connection, lease: Lease) -> None:
    """Let the next one have it at once, unless it has changed hands already."""
    connection.execute("UPDATE lease SET holder = NULL WHERE holder = ? AND epoch = ?", lease[:2])


def check(connection: sqlite3.Connection, fence: int | None) -> None:
    """Raises ``Fenced`` if the lease under which is written is not the one in force."""
    if fence is None:
        return
    (epoch,) = connection.execute("SELECT epoch FROM lease").fetchone()
    if epoch != fence:
        raise Fenced(f"append: the lease is at epoch {epoch}, not {fence}")


def last_renewal_us(connection: sqlite3.Connection) -> int:
    """The latest time that the lease has seen."""
    return int(connection.execute("SELECT renewed_us FROM lease").fetchone()[0])
