"""A journal by its URL: one shard of it, or all."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict, Unpack
from urllib.parse import urldefrag

from engine.errors import ConfigError
from engine.journal.base import BeforeCommit, Durability, Journal
from engine.journal.cluster import RedisClusterJournal, agreed_shards
from engine.journal.cluster_url import CLUSTER, parse
from engine.journal.redis import DEFAULT_NAME, RedisJournal
from engine.journal.shards import Shards
from engine.journal.sqlite import CHECKPOINT_PAGES, SqliteJournal
from features.clock import Clock

SQLITE = "sqlite:///"
REDIS = ("redis://", "rediss://")


class Options(TypedDict, total=False):
    """How to open a journal.

    Keys:
        durability, before_commit: as ``SqliteJournal`` takes them.
        clock: instead of the machine's, or of the Redis server's.
        checkpoint_pages: for SQLite only.
    """

    durability: Durability
    before_commit: BeforeCommit | None
    clock: Clock | None
    checkpoint_pages: int


def open_journal(url: str, **options: Unpack[Options]) -> Journal:
    """Open a journal of one shard, making it if there is none.

    Args:
        url: ``sqlite:///`` and a path (three slashes before a relative one, so four before an absolute one),
            ``redis://host:port/db``, or ``redis+cluster://host:port,host:port…?shards=1``, where ``#name`` at the end
            tells several journals of a server or cluster apart.

    Raises:
        ConfigError: no journal is known by such a URL, it keeps less than ``durability`` asks for, or it has several
            shards.
        JournalError: it cannot be opened.
    """
    shards = count_shards(url)
    if shards != 1:
        raise ConfigError(f"the journal has {shards} shards: one alone is only a part of it")
    return _open(url, 0, shards, options)


def open_shards(url: str, **options: Unpack[Options]) -> Shards:
    """Open every shard of a journal; ``open_journal`` says what is taken and raised.

    A cluster's journal has as many shards as its URL says when it is made (``?shards=3``), by default one for each
    master, and for good: ``ConfigError`` for any other number.
    """
    shards = count_shards(url)
    return Shards([_open(url, shard, shards, options) for shard in range(shards)])


def open_shard(url: str, shard: int, **options: Unpack[Options]) -> Journal:
    """Open one shard of a journal, whatever the others do. Raises ``ConfigError`` if there is none of this number."""
    shards = count_shards(url)
    if not 0 <= shard < shards:
        raise ConfigError(f"there is no shard {shard}: the journal's are 0 to {shards - 1}")
    return _open(url, shard, shards, options)


def count_shards(url: str, *, make: bool = True) -> int:
    """How many shards a journal has. Raises as ``open_shards`` does.

    Args:
        make: ``False`` leaves a cluster as it is; 0 if it has no such journal yet.
    """
    return agreed_shards(parse(url, DEFAULT_NAME), make=make) if url.startswith(CLUSTER) else 1


def _open(url: str, shard: int, shards: int, options: Options) -> Journal:
    durability, before_commit = options.get("durability", "power"), options.get("before_commit")
    clock = options.get("clock")
    if url.startswith(CLUSTER):
        return RedisClusterJournal(
            parse(url, DEFAULT_NAME), shard, shards, durability=durability, before_commit=before_commit, clock=clock
        )
    if url.startswith(REDIS):
        address, name = urldefrag(url)
        return RedisJournal(
            address, name=name or DEFAULT_NAME, durability=durability, before_commit=before_commit, clock=clock
        )
    path = url.removeprefix(SQLITE)
    if path in ("", url):
        raise ConfigError(f"journal {url!r}: expected {SQLITE}<path>, {REDIS[0]}<host>:<port>/<db> or {CLUSTER[0]}…")
    pages = options.get("checkpoint_pages", CHECKPOINT_PAGES)
    return SqliteJournal(Path(path), durability, before_commit, clock, pages)
