"""Waiting, but not for long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


async def in_time(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """What the work gives. Raises ``TimeoutError`` if it is still waiting after so long.

    Work that waits for nothing is never late, and needs no timer. While the event loop was busy with others an answer
    could not be seen: that time is given back, once, and at most ``seconds`` of it.
    """
    try:
        waits_for = work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    loop = asyncio.get_running_loop()
    due = loop.time() + seconds
    async with asyncio.timeout(None) as patience:
        timer = loop.call_at(due, _late, patience, due, seconds)
        try:
            return await _Resumed(work, waits_for)
        finally:
            timer.cancel()


def _late(patience: asyncio.Timeout, due: float, seconds: float) -> None:
    """The end, once what is ready now was heard; later, if the loop itself came late."""
    now = asyncio.get_running_loop().time()
    patience.reschedule(now + min(now - due, seconds))


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
