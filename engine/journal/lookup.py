"""Looking things up in the journal while bots wait: how depends on what a read costs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol, TypeVar

from engine.errors import CorruptRecord, JournalError, OutOfReach
from engine.journal.base import Stored
from engine.journal.breaker import Breaker

T = TypeVar("T")

WAIT_S = 0.25
THREADS = 4


class Findable(Protocol):
    """What a look-up needs of a journal."""

    def find(self, kind: str, key: str) -> Stored | None:
        """See ``Journal.find``."""
        ...

    def about(self, decision_id: str) -> list[Stored]:
        """See ``Journal.about``."""
        ...


class InlineLookup:
    """Implements ``Lookup`` where a read costs microseconds and never waits, as SQLite's does."""

    def __init__(self, journal: Findable) -> None:
        self._journal = journal

    async def find(self, kind: str, key: str) -> Stored | None:
        """See ``Lookup.find``."""
        return self._journal.find(kind, key)

    async def about(self, decision_id: str) -> list[Stored]:
        """See ``Lookup.about``."""
        return self._journal.about(decision_id)

    def close(self) -> None:
        """Nothing to stop."""


class ThreadedLookup:
    """Implements ``Lookup`` for a journal behind a network: asked in threads, for a limited time.

    While the journal is known to be out of reach it is not asked at all.
    """

    def __init__(self, journal: Findable, breaker: Breaker, wait_s: float = WAIT_S) -> None:
        self._journal = journal
        self._breaker = breaker
        self._wait_s = wait_s
        self._threads = ThreadPoolExecutor(THREADS, "journal-lookup")

    async def find(self, kind: str, key: str) -> Stored | None:
        """See ``Lookup.find``."""
        return await self._asked(partial(self._journal.find, kind, key))

    async def about(self, decision_id: str) -> list[Stored]:
        """See ``Lookup.about``."""
        return await self._asked(partial(self._journal.about, decision_id))

    def close(self) -> None:
        """Stop asking; nobody waits for answers that are still to come."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _asked(self, question: Callable[[], T]) -> T:
        if self._breaker.is_open:
            raise OutOfReach("the journal is out of reach")
        try:
            async with asyncio.timeout(self._wait_s):
                return await asyncio.wrap_future(self._threads.submit(question))
        except TimeoutError as error:
            raise OutOfReach(f"the journal did not answer within {self._wait_s} s") from error
        except CorruptRecord:
            raise
        except JournalError as error:
            self._breaker.trip(str(error))
            raise OutOfReach(str(error)) from error
