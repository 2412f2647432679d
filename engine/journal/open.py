"""A journal by its URL."""

from __future__ import annotations

from pathlib import Path

from engine.errors import ConfigError
from engine.journal.base import BeforeCommit, Journal
from engine.journal.sqlite import CHECKPOINT_PAGES, Durability, SqliteJournal
from features.clock import Clock, wall_clock

SQLITE = "sqlite:///"


def open_journal(
    url: str,
    *,
    durability: Durability = "power",
    before_commit: BeforeCommit | None = None,
    clock: Clock = wall_clock,
    checkpoint_pages: int = CHECKPOINT_PAGES,
) -> Journal:
    """Open a journal, making it if there is none.

    Args:
        url: ``sqlite:///`` and a path: three slashes before a relative one, so four before an absolute one.
        durability, before_commit, clock, checkpoint_pages: as ``SqliteJournal`` takes them.

    Raises:
        ConfigError: no journal is known by such a URL.
        JournalError: it cannot be opened.
    """
    path = url.removeprefix(SQLITE)
    if path in ("", url):
        raise ConfigError(f"journal {url!r}: expected {SQLITE}<path>, the only kind of journal there is")
    return SqliteJournal(Path(path), durability, before_commit, clock, checkpoint_pages)
