"""How far a SQLite journal was cut, and what removes the records."""

from __future__ import annotations

import sqlite3

from engine.journal.cut import CUT_RECORDS

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS cut (id INTEGER PRIMARY KEY CHECK (id = 1), position INTEGER NOT NULL,"
    " unnumbered INTEGER NOT NULL)",
    # Until there was this table, duplicates used up positions.
    "INSERT OR IGNORE INTO cut SELECT 1, 0, coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'records'",
)
POSITION = "SELECT position FROM cut"
GAPS_END = "SELECT max(position, unnumbered) FROM cut"
"""Up to where positions may be missing."""
_DOOMED = "FROM records WHERE position > ? AND position <= ? AND kind != 'control' ORDER BY position LIMIT ?"


def move(connection: sqlite3.Connection, position: int) -> None:
    """Remember how far the journal is cut; never less than before."""
    connection.execute("UPDATE cut SET position = max(position, ?)", (position,))


def remove_some(connection: sqlite3.Connection, after: int, position: int) -> tuple[int, int]:
    """Remove the first records after a position that are cut: up to where they were, and how many."""
    doomed = connection.execute(f"SELECT position {_DOOMED}", (after, position, CUT_RECORDS)).fetchall()
    if doomed:
        connection.execute(f"DELETE {_DOOMED.partition(' ORDER')[0]}", (after, doomed[-1][0]))
    return (doomed[-1][0], len(doomed)) if doomed else (position, 0)
