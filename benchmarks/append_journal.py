"""What does a durable append cost, by a bare ``write`` and ``fdatasync`` of the same bytes in the same file system?"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import msgspec
import uvloop

from api.wiring import SERVING_CHECKPOINT_PAGES
from benchmarks.in_process import engine_in
from benchmarks.question import NOT_PROMISED, Answer
from benchmarks.rounds import Round, Rounds, calling, in_turns
from benchmarks.size import Size
from engine.journal.base import Appended, Journal
from engine.journal.group_commit import GroupCommit
from engine.journal.sqlite import SqliteJournal
from engine.records.codec import encode
from engine.records.schema import AnyRecord, DecisionRecord

CALLERS = (1, 8, 64)


class Counted:
    """Counts what a journal is asked to append; each ``append`` is one transaction, so one sync."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.appends = 0
        self.records = 0

    def append(self, records: Sequence[AnyRecord]) -> list[Appended]:
        """See ``Journal.append``."""
        self.appends += 1
        self.records += len(records)
        return self.journal.append(records)


class Callers:
    """So many callers at once who append records one after the other, each waiting until its record is durable."""

    def __init__(self, number: int, journal: Journal, record: DecisionRecord) -> None:
        self._counted = Counted(journal)
        self._number = number
        self._record = record
        self._ids = (f"{id:032x}" for id in count())
        self._commits = GroupCommit(self._counted)

    @property
    def per_sync(self) -> float:
        """Records a sync."""
        return self._counted.records / self._counted.appends

    async def start(self) -> None:
        """Begin to commit."""
        self._commits.start()

    async def append(self, appends: int) -> float:
        """Microseconds a record."""
        records = [msgspec.structs.replace(self._record, id=next(self._ids)) for _ in range(appends)]
        start = time.perf_counter()
        await asyncio.gather(*(self._append(records[first :: self._number]) for first in range(self._number)))
        return (time.perf_counter() - start) / appends * 1e6

    async def close(self) -> None:
        """Stop, and close the journal."""
        await self._commits.close()
        self._counted.journal.close()

    async def _append(self, records: Sequence[DecisionRecord]) -> None:
        for record in records:
            await self._commits.append([record])


def measure(home: Path, size: Size) -> list[Answer]:
    """A line for each number of callers."""
    with (
        tempfile.TemporaryDirectory(dir=home) as name,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        folder = Path(name)
        [record] = engine_in(folder, home, 1).records([0])
        body = encode(record)
        groups = {number: Callers(number, _embedded(folder / f"{number}.db"), record) for number in CALLERS}
        with _written(folder / "bare", body) as write, _inserted(folder / "bare.db", body) as insert:
            sides = {"write": calling(write, size.appends), "insert": calling(insert, size.appends)}
            for number, group in groups.items():
                runner.run(group.start())
                sides[str(number)] = appending(runner, group, size.appends)
            rounds = in_turns(sides, size.rounds)
        for group in groups.values():
            runner.run(group.close())
    return [_answer(rounds, number, group.per_sync, len(body)) for number, group in groups.items()]


def _answer(rounds: Rounds, callers: int, per_sync: float, size: int) -> Answer:
    ours, write, insert = (rounds.median(side) for side in (str(callers), "write", "insert"))
    faster = rounds.ratio("write", str(callers))
    return Answer(
        f"durable appends/s, {callers} caller{'s' if callers > 1 else ''} at once, by a bare write + fdatasync each",
        NOT_PROMISED,
        f"{faster:.2f}",
        None,
        f"{1e6 / ours:,.0f} by {1e6 / write:,.0f} a second, {ours:.0f} µs a record of {size:,} bytes, {per_sync:.1f} "
        f"records a sync; a bare SQLite insert + commit each: {1e6 / insert:,.0f} a second",
        {"ours_us": ours, "write_us": write, "insert_us": insert, "records_per_sync": per_sync, "ratio": faster},
    )


def appending(runner: asyncio.Runner, group: Callers, appends: int) -> Round:
    """A side whose callers append so many records a round."""
    return lambda: runner.run(group.append(appends))


def _embedded(path: Path) -> Journal:
    return SqliteJournal(path, "power", checkpoint_pages=SERVING_CHECKPOINT_PAGES)


@contextmanager
def _written(path: Path, body: bytes) -> Iterator[Callable[[int], object]]:
    """Appends the body to a file and syncs it."""
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def write(_: int) -> None:
        os.write(file, body)
        os.fdatasync(file)

    try:
        yield write
    finally:
        os.close(file)


@contextmanager
def _inserted(path: Path, body: bytes) -> Iterator[Callable[[int], object]]:
    """Inserts the body into a table without indices and commits, durably."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE bare (body BLOB)"):
            connection.execute(statement)
        yield lambda _: connection.execute("INSERT INTO bare VALUES (?)", (body,))
