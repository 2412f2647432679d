"""A connection that answers is kept, however busy the event loop is; one that does not is dropped."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from features.redis.pipe import Pipe

TIMEOUT_S = 0.02
BUSY_S = 3.0


def asked(answer: bytes) -> list[Any]:
    """The reply to a command that cannot be sent for longer than anybody waits: the loop does something else."""

    async def main() -> list[Any]:
        loop = asyncio.get_running_loop()
        real, skipped = loop.time, [0.0]
        loop.time = lambda: real() + skipped[0]  # type: ignore[method-assign]
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            _, pipe = await loop.create_connection(lambda: Pipe(TIMEOUT_S), sock=ours)
            loop.add_reader(theirs, lambda: theirs.recv(64) and theirs.sendall(answer))
            loop.call_soon(lambda: skipped.__setitem__(0, BUSY_S))
            try:
                return await pipe.call([b"*1\r\n$4\r\nPING\r\n"])
            finally:
                loop.remove_reader(theirs)
                pipe.abort()
                await asyncio.sleep(0)

    return asyncio.run(main())


def test_time_in_which_the_loop_was_busy_is_given_back() -> None:
    assert asked(b"+PONG\r\n") == [b"PONG"]


def test_a_connection_that_does_not_answer_is_dropped() -> None:
    with pytest.raises(TimeoutError, match="no answer in time"):
        asked(b"")
