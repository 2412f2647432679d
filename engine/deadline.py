"""When an answer is due, and what may be waited for until then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


class Deadline:
    """Begins when it is made.

    Args:
        ms: from the beginning to the end.
        now: in seconds; only differences count.
    """

    def __init__(self, ms: float, now: Callable[[], float] = time.monotonic) -> None:
        self._whole_s = ms / 1_000
        self._now = now
        self._began = now()

    @property
    def passed(self) -> bool:
        """Whether it is too late."""
        return self.left_s() <= 0.0

    def left_s(self, share: float = 1.0) -> float:
        """Seconds until this share of the time is over; never negative."""
        return max(0.0, self._began + share * self._whole_s - self._now())

    async def keep(self, work: Coroutine[Any, Any, T], share: float = 1.0) -> T:
        """What the work gives. Raises ``TimeoutError`` if it is still waiting when this share of the time is over.

        Work that waits for nothing is never late, and needs no timer.
        """
        try:
            waits_for = work.send(None)
        except StopIteration as done:
            result: T = done.value
            return result
        async with asyncio.timeout(self.left_s(share)):
            return await _Resumed(work, waits_for)


class _Resumed(Generator[Any, Any, T]):
    """The rest of a coroutine that has begun, and waits for something; to be awaited once."""

    def __init__(self, work: Coroutine[Any, Any, T], waits_for: object) -> None:
        self._work = work
        self._begin: Callable[[], object] | None = lambda: waits_for

    def __await__(self) -> Generator[Any, Any, T]:
        return self

    def send(self, value: Any) -> Any:
        """See ``Generator.send``: what the coroutine waits for next."""
        begin, self._begin = self._begin, None
        return self._work.send(value) if begin is None else begin()

    def throw(self, *error: Any) -> Any:
        """See ``Generator.throw``."""
        return self._work.throw(*error)
