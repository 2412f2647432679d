"""The journals that the contract is about: how a test names one of its own, fills its store up, and damages it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import pytest
import redis

from engine.journal.base import Journal, Stored
from engine.journal.cluster import shard_tag
from engine.journal.sqlite import SqliteJournal
from engine.records.schema import OutcomeRecord

Asked = pytest.FixtureRequest


class Vandal(Protocol):
    """Whoever changes a journal's bytes behind its back."""

    def change(self, position: int, change: Callable[[bytes], bytes]) -> None: ...

    def remove(self, position: int) -> None: ...


@dataclass(frozen=True)
class Backend:
    """A journal that outlives its process.

    Attributes:
        url: of a journal of its own for a test with this folder.
        full: a block in which its store has no room for more records of 3,000 bytes, and afterwards has again.
        vandal: of the journal at this URL.
    """

    url: Callable[[Asked, Path], str]
    full: Callable[[Asked, Journal], AbstractContextManager[None]]
    vandal: Callable[[Asked, str], Vandal]


@dataclass(frozen=True)
class SqliteVandal:
    path: Path

    def change(self, position: int, change: Callable[[bytes], bytes]) -> None:
        with self._file() as file:
            (body,) = file.execute("SELECT body FROM records WHERE position = ?", (position,)).fetchone()
            file.execute("UPDATE records SET body = ? WHERE position = ?", (change(body), position))

    def remove(self, position: int) -> None:
        with self._file() as file:
            file.execute("DELETE FROM records WHERE position = ?", (position,))

    @contextmanager
    def _file(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as file:
            yield file


@dataclass(frozen=True)
class RedisVandal:
    port: int
    tag: str

    def change(self, position: int, change: Callable[[bytes], bytes]) -> None:
        """An entry of a stream cannot be changed: another stream takes its place."""
        log = f"{{{self.tag}}}:log"
        with redis.Redis(port=self.port) as client:
            entries: Any = client.xrange(log)
            for name, fields in entries:
                changed = change(fields[b"b"]) if name.startswith(b"%d-" % position) else fields[b"b"]
                client.xadd(f"{log}:other", {**fields, b"b": changed}, id=name)
            client.rename(f"{log}:other", log)

    def remove(self, position: int) -> None:
        with redis.Redis(port=self.port) as client:
            assert client.xdel(f"{{{self.tag}}}:log", f"{position}-0") == 1


@contextmanager
def full_file(_: Asked, journal: Journal) -> Iterator[None]:
    """SQLite's own limit gives the error that a full disk gives."""
    writer = cast(SqliteJournal, journal)._writer
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    yield
    writer.execute(f"PRAGMA max_page_count = {2**30}")


@contextmanager
def full_server(*ports: int) -> Iterator[None]:
    """Out of memory, and nothing may be evicted."""
    for port in ports:
        with redis.Redis(port=port) as client:
            client.config_set("maxmemory", "1mb")
    yield
    for port in ports:
        with redis.Redis(port=port) as client:
            client.config_set("maxmemory", "0")


def _cluster_vandal(asked: Asked, url: str) -> RedisVandal:
    tag = shard_tag(url.partition("#")[2], 0, 1)
    return RedisVandal(asked.getfixturevalue("cluster").master(f"{{{tag}}}:log").port, tag)


DURABLE = {
    "sqlite": Backend(
        url=lambda _, folder: f"sqlite:///{folder}/journal.db",
        full=full_file,
        vandal=lambda _, url: SqliteVandal(Path(url.removeprefix("sqlite:///"))),
    ),
    "redis": Backend(
        url=lambda asked, folder: f"redis://127.0.0.1:{asked.getfixturevalue('durable_redis')}/0#{folder.name}",
        full=lambda asked, _: full_server(asked.getfixturevalue("durable_redis")),
        vandal=lambda asked, url: RedisVandal(asked.getfixturevalue("durable_redis"), url.partition("#")[2]),
    ),
    "cluster": Backend(
        url=lambda asked, folder: asked.getfixturevalue("cluster").url(folder.name, shards=1),
        full=lambda asked, _: full_server(*(node.port for node in asked.getfixturevalue("cluster").nodes)),
        vandal=_cluster_vandal,
    ),
}
"""A new one is added here."""


class SettableClock:
    def __init__(self) -> None:
        self.now_us = 1_000_000

    def __call__(self) -> int:
        return self.now_us


def outcome(id: str, *, decision_id: str = "d", value: float = 1.0) -> OutcomeRecord:
    return OutcomeRecord(id=id, decision_id=decision_id, metric="m", value=value)


def ids(stored: list[Stored]) -> list[str]:
    return [cast(OutcomeRecord, entry.record).id for entry in stored]
