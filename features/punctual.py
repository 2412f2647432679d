"""Waiting, but not for long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


async def in_time(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """What the work gives. Raises ``TimeoutError`` if it is still waiting after so long.

    Work that waits for nothing is never late, and needs no timer.
    """
    try:
        waits_for = work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    async with asyncio.timeout(seconds):
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
