"""A journal that can be out of reach in every way there is, and a bot that records through a spool."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from engine.errors import JournalError
from engine.journal.base import Appended, Lookup, Stored
from engine.journal.lookup import InlineLookup, ThreadedLookup
from engine.journal.memory import MemoryJournal
from engine.records.schema import AnyRecord
from engine.spool.commits import SpoolingCommits
from engine.spool.lookup import SpoolLookup
from engine.spool.spool import Spool
from features.clock import Clock, wall_clock

PATIENCE_S = 20.0


class UnsteadyJournal(MemoryJournal):
    """``refuse`` makes every call fail, ``freeze`` lets every call wait; ``recover`` ends both."""

    def __init__(self, clock: Clock = wall_clock) -> None:
        super().__init__(clock)
        self.asked = 0
        self.batches: list[int] = []
        self._refuses = False
        self._moves = threading.Event()
        self._moves.set()

    def refuse(self) -> None:
        self._refuses = True

    def freeze(self) -> None:
        self._moves.clear()

    def recover(self) -> None:
        self._refuses = False
        self._moves.set()

    def append(self, records: Sequence[AnyRecord], **how: Any) -> list[Appended]:
        self._reached()
        self.batches.append(len(records))
        return super().append(records, **how)

    def find(self, kind: str, key: str) -> Stored | None:
        self._reached()
        return super().find(kind, key)

    def about(self, decision_id: str) -> list[Stored]:
        self._reached()
        return super().about(decision_id)

    def last_position(self) -> int:
        self._reached()
        return super().last_position()

    def _reached(self) -> None:
        self.asked += 1
        self._moves.wait()
        if self._refuses:
            raise JournalError("connection refused")


class Counts:
    """A ``SpoolWatch`` that can be asked."""

    def __init__(self) -> None:
        self.spooled = 0
        self.drained = 0
        self.conflicts = 0
        self.reachable: list[bool] = []

    def count_spooled(self, records: int) -> None:
        self.spooled += records

    def count_drained(self, records: int, conflicts: int) -> None:
        self.drained += records
        self.conflicts += conflicts

    def set_reachable(self, shard: str, reachable: bool) -> None:
        self.reachable.append(reachable)


class Recording:
    """Commits and look-ups over an unsteady journal, for one scenario on one event loop."""

    def __init__(self, folder: Path, journal: UnsteadyJournal | None = None, **spool: Any) -> None:
        self.journal = journal or UnsteadyJournal()
        self.spool = Spool(folder / "0", **spool)
        self.counts = Counts()
        self.commits = SpoolingCommits(self.journal, self.spool, self.counts)

    def lookup(self, *, threaded: bool = False) -> SpoolLookup:
        inner: Lookup = ThreadedLookup(self.journal, self.commits.breaker) if threaded else InlineLookup(self.journal)
        return SpoolLookup(inner, [self.spool])

    def run(self, scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """The scenario from start to close; what waits in the journal is let go in any case."""

        async def started() -> None:
            self.commits.start()
            try:
                await scenario()
            finally:
                self.journal.recover()
                await self.commits.close()

        asyncio.run(started())

    async def drained(self) -> None:
        """Until nothing waits any more."""
        await self.until(lambda: not self.commits.breaker.is_open and not self.spool.records)

    async def drained_once(self) -> None:
        """Until what others left was found and drained."""
        await self.until(lambda: self.counts.drained)
        await self.drained()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.005)
