"""Group commit: many callers share one transaction, and nobody on the event loop waits for a disk."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue

from engine.errors import CorruptRecord, JournalError
from engine.journal.base import Appended, Appends
from engine.records.schema import AnyRecord

MOST = 256
"""Callers whose records may share a transaction: bounds how long the first of them waits for the last."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    records: list[AnyRecord]
    done: asyncio.Future[list[Appended]]


@dataclass(slots=True)
class _Committed:
    """What became of a batch: collected by the committer, delivered on the event loop."""

    appended: list[tuple[_Waiter, list[Appended]]] = field(default_factory=list)
    failed: list[tuple[_Waiter, JournalError]] = field(default_factory=list)

    def deliver(self) -> None:
        for waiter, places in self.appended:
            if not waiter.done.done():
                waiter.done.set_result(places)
        for waiter, error in self.failed:
            if not waiter.done.done():
                waiter.done.set_exception(error)


class GroupCommit:
    """The asyncio face of a ``Journal``: one thread commits whatever gathered during its last commit.

    Callers' records keep their order and are never split over transactions. A caller who is cancelled does not take
    back its records.
    """

    def __init__(self, journal: Appends) -> None:
        self._journal = journal
        self._queue: SimpleQueue[_Waiter | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal-commit", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open = False

    def start(self) -> None:
        """Begin to commit; call it once, on the event loop that will append."""
        self._loop = asyncio.get_running_loop()
        self._open = True
        self._thread.start()

    async def append(self, records: Sequence[AnyRecord], *, wait_s: float | None = None) -> list[Appended]:
        """Durable when it returns, however long that takes. Raises ``JournalError`` with nothing appended."""
        if self._loop is None or not self._open:
            raise JournalError("the committer is not running")
        waiter = _Waiter(list(records), self._loop.create_future())
        self._queue.put(waiter)
        return await waiter.done

    def in_reach(self, placement: str) -> bool:
        """Always: who waits learns what became of the records, and nothing is known beforehand."""
        return True

    async def close(self) -> None:
        """Commit what was appended so far and stop. The journal stays open."""
        if self._open:
            self._open = False
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        going_on = True
        while going_on:
            batch, going_on = self._gather()
            if batch:
                self._deliver(self._commit(batch))

    def _gather(self) -> tuple[list[_Waiter], bool]:
        """Wait for the first caller, take everyone else who is there; False if this was the end."""
        batch: list[_Waiter] = []
        waiter = self._queue.get()
        while waiter is not None:
            batch.append(waiter)
            if len(batch) == MOST or self._queue.empty():
                return batch, True
            waiter = self._queue.get()
        return batch, False

    def _commit(self, batch: Sequence[_Waiter]) -> _Committed:
        committed = _Committed()
        try:
            places = self._append([record for waiter in batch for record in waiter.records])
        except CorruptRecord as error:
            return self._commit_one_by_one(batch, error)
        except JournalError as error:
            committed.failed = [(waiter, _same(error)) for waiter in batch]
            return committed
        for waiter in batch:
            committed.appended.append((waiter, places[: len(waiter.records)]))
            places = places[len(waiter.records) :]
        return committed

    def _commit_one_by_one(self, batch: Sequence[_Waiter], error: CorruptRecord) -> _Committed:
        """One caller's record is at fault: the others must not pay for it."""
        if len(batch) == 1:
            return _Committed(failed=[(batch[0], error)])
        committed = _Committed()
        for waiter in batch:
            alone = self._commit([waiter])
            committed.appended += alone.appended
            committed.failed += alone.failed
        return committed

    def _append(self, records: list[AnyRecord]) -> list[Appended]:
        try:
            return self._journal.append(records)
        except JournalError:
            raise
        except Exception as error:  # a journal is a plug-in: whatever it raises, no caller may hang
            raise JournalError(f"append: {error!r}") from error

    def _deliver(self, committed: _Committed) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(committed.deliver)


def _same(error: JournalError) -> JournalError:
    """An exception of its own for every caller: raising one in several tasks would mix up their tracebacks."""
    copy = type(error)(*error.args)
    copy.__cause__ = error
    return copy
