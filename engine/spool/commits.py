"""Commits that do not fail with the journal: what it cannot take now waits on the local disk."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from engine.errors import CorruptRecord, Fenced, JournalError, SpoolFull
from engine.journal.base import Appended, Journal
from engine.journal.breaker import Breaker
from engine.journal.group_commit import GroupCommit
from engine.records.schema import AnyRecord
from engine.spool.drain import Drain
from engine.spool.spool import Spool
from engine.spool.watch import SpoolWatch, Unwatched
from engine.spool.watched import WatchedAppends

WAIT_S = 1.0
"""For the journal, where the caller does not say; and for the spool's disk."""

SLOW_S = 0.25
"""A journal that takes this long for one append while somebody gave up waiting is out of reach."""


class SpoolingCommits:
    """Implements ``Commits`` over one shard: the journal, or else the spool.

    While the journal is known to be out of reach nobody waits for it. An append that nobody waits for any more may
    still happen: its records are then in the journal and in the spool, and count once.

    Args:
        shard: its name.
    """

    def __init__(self, journal: Journal, spool: Spool, watch: SpoolWatch | None = None, shard: str = "0") -> None:
        self.shard = shard
        self.breaker = Breaker(shard)
        self.spool = spool
        self._watch = watch or Unwatched()
        self._watched = WatchedAppends(journal, self._failed)
        self._journaled = GroupCommit(self._watched)
        self._spooled = GroupCommit(spool)
        self._drain = Drain(journal, spool, self.breaker, self._watch)
        self._limits: set[asyncio.Timeout] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def in_reach(self, placement: str) -> bool:
        """Whether decisions for a placement of this shard can be journaled, as far as is known."""
        return not self.breaker.is_open

    def start(self) -> None:
        """Begin to take records, and to drain what a process before this one left."""
        self._loop = asyncio.get_running_loop()
        self.breaker.tell(self._reach_changed)
        self._watch.set_reachable(self.shard, True)
        self._journaled.start()
        self._spooled.start()
        self._drain.start()

    async def append(self, records: Sequence[AnyRecord], *, wait_s: float | None = None) -> list[Appended]:
        """Durable when it returns, in the journal or on this machine's disk.

        Raises:
            SpoolFull: neither could take them.
            CorruptRecord: one of them cannot be written anywhere.
        """
        if not self.breaker.is_open:
            try:
                return await self._in_journal(records, WAIT_S if wait_s is None else wait_s)
            except (CorruptRecord, Fenced):
                raise
            except JournalError as error:
                self.breaker.trip(str(error))
            except TimeoutError:
                self._suspect()
        return await self._in_spool(records)

    async def close(self) -> None:
        """Commit what was taken, then stop. What waits in the spool stays there for the next process."""
        await self._drain.close()
        await self._journaled.close()
        await self._spooled.close()
        self.spool.close()

    async def _in_journal(self, records: Sequence[AnyRecord], wait_s: float) -> list[Appended]:
        async with asyncio.timeout(wait_s) as limit:
            self._limits.add(limit)
            try:
                return await self._journaled.append(records)
            finally:
                self._limits.discard(limit)

    async def _in_spool(self, records: Sequence[AnyRecord]) -> list[Appended]:
        try:
            async with asyncio.timeout(WAIT_S):
                places = await self._spooled.append(records)
        except TimeoutError as error:
            raise SpoolFull("the journal is out of reach, and the spool's disk does not answer") from error
        self._watch.count_spooled(sum(not place.duplicate for place in places))
        self._drain.wake()
        return places

    def _suspect(self) -> None:
        """Somebody's time was up: the journal is out of reach if it stays at one append for long."""
        began = self._watched.began
        if began is not None and self._loop is not None:
            self._loop.call_later(began + SLOW_S - self._watched.now(), self._judge, began)

    def _judge(self, began: float) -> None:
        if self._watched.began == began:
            self.breaker.trip(f"an append takes more than {self._watched.now() - began:.2f} s")

    def _reach_changed(self, out_of_reach: bool) -> None:
        self._watch.set_reachable(self.shard, not out_of_reach)
        if out_of_reach:
            self._drain.wake()
            self._wait_no_longer()

    def _wait_no_longer(self) -> None:
        assert self._loop is not None
        for limit in self._limits:
            if not limit.expired():
                limit.reschedule(self._loop.time())

    def _failed(self, why: str) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.breaker.trip, why)
