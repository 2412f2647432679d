"""A journal by its URL."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urldefrag

from engine.errors import ConfigError
from engine.journal.base import BeforeCommit, Durability, Journal
from engine.journal.redis import DEFAULT_NAME, RedisJournal
from engine.journal.sqlite import CHECKPOINT_PAGES, SqliteJournal
from features.clock import Clock, wall_clock

SQLITE = "sqlite:///"
REDIS = ("redis://", "rediss://")


def open_journal(
    url: str,
    *,
    durability: Durability = "power",
    before_commit: BeforeCommit | None = None,
    clock: Clock | None = None,
    checkpoint_pages: int = CHECKPOINT_PAGES,
) -> Journal:
    """Open a journal, making it if there is none.

    Args:
        url: ``sqlite:///`` and a path (three slashes before a relative one, so four before an absolute one), or
            ``redis://host:port/db``, where ``#name`` at the end tells several journals of a server apart.
        durability, before_commit: as ``SqliteJournal`` takes them.
        clock: instead of the machine's, or of the Redis server's.
        checkpoint_pages: for SQLite only.

    Raises:
        ConfigError: no journal is known by such a URL, or it keeps less than ``durability`` asks for.
        JournalError: it cannot be opened.
    """
    if url.startswith(REDIS):
        address, name = urldefrag(url)
        return RedisJournal(
            address, name=name or DEFAULT_NAME, durability=durability, before_commit=before_commit, clock=clock
        )
    path = url.removeprefix(SQLITE)
    if path in ("", url):
        raise ConfigError(f"journal {url!r}: expected {SQLITE}<path> or {REDIS[0]}<host>:<port>/<db>")
    return SqliteJournal(Path(path), durability, before_commit, clock or wall_clock, checkpoint_pages)
