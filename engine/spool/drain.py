"""Draining the spool: asks a journal that is out of reach whether it is back, and gives it what waits."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
import structlog

from engine.errors import CorruptRecord, JournalError
from engine.journal.base import Appended, Journal
from engine.journal.breaker import Breaker
from engine.records.schema import AnyRecord, DecisionRecord
from engine.spool.spool import Spool
from engine.spool.watch import SpoolWatch, Unwatched

log = structlog.get_logger(__name__)

BATCH = 256
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
ADOPT_EVERY_S = 10.0


class Drained(NamedTuple):
    """One batch that the journal has now."""

    records: int
    conflicts: int


@dataclass(slots=True)
class Drain:
    """Drains in the background, in order and in batches; the first record of an id that the journal took stays.

    A batch that was appended and not yet forgotten when the process died is appended again by whoever finds the file,
    and counts once.
    """

    journal: Journal
    spool: Spool
    breaker: Breaker
    watch: SpoolWatch = field(default_factory=Unwatched)
    _work: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running event loop."""
        self._task = asyncio.create_task(self._run())

    def wake(self) -> None:
        """There is something to do."""
        self._work.set()

    async def close(self) -> None:
        """Stop after the batch that is under way. What waits stays in its files."""
        self._stopping.set()
        self._work.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._stopping.is_set():
            self._work.clear()
            await self._adopt()
            await self._drain()
            await _within(ADOPT_EVERY_S, self._work)

    async def _drain(self) -> None:
        pause_s = FIRST_PAUSE_S if self.breaker.is_open else 0.0
        while (self.breaker.is_open or self.spool.records) and not self._stopping.is_set():
            await _within(pause_s, self._stopping)
            took = await self._attempt()
            pause_s = 0.0 if took else min(max(2 * pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)

    async def _adopt(self) -> None:
        try:
            found = await asyncio.to_thread(self.spool.adopt)
        except OSError as error:
            log.error("spool_unreadable", error=str(error))
            return
        if found:
            log.warning("spool_adopted", records=found)

    async def _attempt(self) -> bool:
        """Whether the journal took the next batch, or answered while nothing waits."""
        try:
            drained = await asyncio.to_thread(self._next_batch)
        except JournalError as error:
            self.breaker.trip(str(error))
            return False
        except Exception:  # a journal is a plug-in, and the disk may fail: what waits must not wait for ever
            log.exception("spool_not_drained")
            return False
        self.breaker.mend()
        self.watch.count_drained(*drained)
        return True

    def _next_batch(self) -> Drained:
        batch = self.spool.first(BATCH)
        if batch is None:
            self.journal.last_position()
            return Drained(0, 0)
        places = self.journal.append(batch.records)
        conflicts = sum(map(self._is_conflict, batch.records, places))
        self.spool.drained(batch)
        return Drained(len(places), conflicts)

    def _is_conflict(self, record: AnyRecord, place: Appended) -> bool:
        """Whether the journal has another decision by this id: another process answered the same request otherwise."""
        if not place.duplicate or not isinstance(record, DecisionRecord):
            return False
        if _unsealed(self._first(record.id)) == _unsealed(record):
            return False
        log.warning("spooled_decision_conflicts", decision_id=record.id, position=place.position)
        return True

    def _first(self, decision_id: str) -> AnyRecord | None:
        try:
            stored = self.journal.find("decision", decision_id)
        except CorruptRecord:
            return None
        return None if stored is None else stored.record


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Until the event, or for so long."""
    if not seconds:
        return
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)


def _unsealed(record: AnyRecord | None) -> AnyRecord | None:
    """Sealed parts differ by their nonces even where what they seal does not."""
    return msgspec.structs.replace(record, sealed=b"", key_ref="") if isinstance(record, DecisionRecord) else record
