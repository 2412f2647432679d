"""Waiting, but not for long: and not against time that somebody else took."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from features.punctual import in_time

DEADLINE_S = 0.02
BUSY_S = 3.0


class Clock:
    """The loop's time, moved by hand; it goes on by itself as real time does, so that timers come due."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._real = loop.time
        self.skipped = 0.0
        loop.time = self.now  # type: ignore[method-assign]

    def now(self) -> float:
        return self._real() + self.skipped


async def answered(reader: socket.socket) -> bytes:
    """One that needs several passes of the loop once the bytes are here."""
    received = await asyncio.get_running_loop().sock_recv(reader, 16)
    await asyncio.sleep(0)
    return received


def run_busy(work: Callable[[socket.socket], Coroutine[Any, Any, bytes]]) -> bytes:
    """The work, while the loop does something else beyond the deadline; meanwhile the answer arrives."""

    async def main() -> bytes:
        clock = Clock(asyncio.get_running_loop())
        reader, writer = socket.socketpair()
        reader.setblocking(False)

        def something_else() -> None:
            writer.send(b"answer")
            clock.skipped += BUSY_S

        with reader, writer:
            asyncio.get_running_loop().call_soon(something_else)
            return await in_time(work(reader), DEADLINE_S)

    return asyncio.run(main())


def test_an_answer_that_came_while_the_loop_was_busy_is_in_time() -> None:
    assert run_busy(answered) == b"answer"


def test_a_busy_loop_does_not_let_anything_wait_for_ever() -> None:
    async def never(reader: socket.socket) -> bytes:
        await asyncio.Event().wait()
        return b""

    with pytest.raises(TimeoutError):
        run_busy(never)


def test_what_waits_for_nothing_is_never_late() -> None:
    async def at_once() -> int:
        return 7

    assert asyncio.run(in_time(at_once(), 0.0)) == 7


def test_what_hangs_is_given_up() -> None:
    async def main() -> None:
        await in_time(asyncio.Event().wait(), DEADLINE_S)

    with pytest.raises(TimeoutError):
        asyncio.run(main())


def test_who_is_cancelled_while_waiting_is_cancelled() -> None:
    async def main() -> None:
        waiting = asyncio.create_task(in_time(asyncio.Event().wait(), 60.0))
        await asyncio.sleep(0)
        waiting.cancel()
        await waiting

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
