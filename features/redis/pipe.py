"""One pipelined connection to Redis: commands of the same turn of the event loop share one write.

The general client costs several times what the round trip does; this one knows only bytes in, replies out.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, cast

import hiredis


class _Call:
    """A caller that waits for ``wanted`` replies until ``until``, by the event loop's time; ``excused`` once."""

    __slots__ = ("excused", "future", "replies", "until", "wanted")

    def __init__(self, wanted: int, until: float, future: asyncio.Future[list[Any]]) -> None:
        self.wanted = wanted
        self.until = until
        self.excused = False
        self.replies: list[Any] = []
        self.future = future

    def take(self, reply: Any) -> bool:
        """Whether this was the last reply that the caller waits for."""
        self.replies.append(reply)
        if len(self.replies) < self.wanted:
            return False
        if not self.future.done():
            self.future.set_result(self.replies)
        return True


class Pipe(asyncio.Protocol):
    """Matches replies, which come in order, with the calls that wait for them.

    One that does not answer a call in time is dropped, with all that wait for it: replies that come late would be taken
    for others. One timer looks after all calls, since a timer for each would cost more than the call. While the event
    loop was busy with others it could not see an answer: that time is given back, once a call.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._reader = hiredis.Reader()
        self._waiting: deque[_Call] = deque()
        self._unsent: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.WriteTransport | None = None
        self._watch: asyncio.TimerHandle | None = None

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.Protocol``."""
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's are not derived from asyncio's

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            if self._waiting[0].take(reply):
                self._waiting.popleft()

    def connection_lost(self, error: Exception | None) -> None:
        """See ``asyncio.Protocol``."""
        self._transport = None
        if self._watch is not None:
            self._watch.cancel()
        self._fail(ConnectionError("redis: connection lost"))

    def call(self, commands: Sequence[bytes]) -> asyncio.Future[list[Any]]:
        """The replies to come, errors among them; an ``OSError`` if they do not."""
        future: asyncio.Future[list[Any]] = self._loop.create_future()
        if not self.alive:
            future.set_exception(ConnectionError("redis: connection lost"))
            return future
        call = _Call(len(commands), self._loop.time() + self._timeout_s, future)
        self._waiting.append(call)
        if self._watch is None:
            self._watch = self._loop.call_at(call.until, self._look)
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.extend(commands)
        return future

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _look(self) -> None:
        """Whether the first in the queue waits too long; nobody waits longer."""
        self._watch = None
        if not self._waiting:
            return
        first, now = self._waiting[0], self._loop.time()
        if first.until <= now:
            if first.excused:
                self.abort()
                self._fail(TimeoutError("redis: no answer in time"))
                return
            first.excused = True
            first.until = now + min(now - first.until, self._timeout_s)
        self._watch = self._loop.call_at(first.until, self._look)

    def _fail(self, error: OSError) -> None:
        for call in self._waiting:
            if not call.future.done():
                call.future.set_exception(error)
        self._waiting.clear()

    def _flush(self) -> None:
        if self._transport is not None:
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()


def answered(replies: list[Any]) -> list[Any]:
    """The replies. Raises ``OSError`` if one is an error."""
    failed = next((reply for reply in replies if isinstance(reply, hiredis.ReplyError)), None)
    if failed is not None:
        raise OSError(f"redis: {failed}")
    return replies
