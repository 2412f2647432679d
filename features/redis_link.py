"""One pipelined connection to Redis: commands of the same turn of the event loop share one write.

The general client costs several times what the round trip does; this one knows only bytes in, replies out.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qs, unquote, urlsplit

import hiredis

TIMEOUT_S = 0.02
CONNECT_TIMEOUT_S = 0.25


@dataclass(frozen=True, slots=True)
class Address:
    """Where Redis is and how to enter: ``redis[s]://[user[:password]@]host[:port][/db]``."""

    host: str
    port: int
    db: int
    username: str | None
    password: str | None
    tls: bool

    @classmethod
    def parse(cls, url: str) -> Address:
        """The address in a URL."""
        parts = urlsplit(url)
        password = unquote(parts.password) if parts.password is not None else None
        username = unquote(parts.username) if parts.username else None
        db = int(parts.path.strip("/") or parse_qs(parts.query).get("db", ["0"])[0])
        return cls(parts.hostname or "localhost", parts.port or 6379, db, username, password, parts.scheme == "rediss")

    def greeting(self) -> tuple[bytes, ...]:
        """Commands that make a fresh connection usable."""
        commands = []
        if self.password is not None:
            commands.append(pack("AUTH", *([self.username] if self.username else []), self.password))
        if self.db:
            commands.append(pack("SELECT", self.db))
        return tuple(commands)


def pack(*parts: bytes | str | int) -> bytes:
    """A command in Redis' wire format."""
    command: Any = parts
    packed: bytes = hiredis.pack_command(command)
    return packed


class _Call(NamedTuple):
    """A caller that waits for ``wanted`` replies."""

    wanted: int
    replies: list[Any]
    future: asyncio.Future[list[Any]]

    def take(self, reply: Any) -> bool:
        """Whether this was the last reply that the caller waits for."""
        self.replies.append(reply)
        if len(self.replies) < self.wanted:
            return False
        if not self.future.done():
            self._answer()
        return True

    def _answer(self) -> None:
        failed = next((reply for reply in self.replies if isinstance(reply, hiredis.ReplyError)), None)
        if failed is None:
            self.future.set_result(self.replies)
        else:
            self.future.set_exception(OSError(f"redis: {failed}"))


class _Pipe(asyncio.Protocol):
    """Matches replies, which come in order, with the calls that wait for them."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader()
        self._waiting: deque[_Call] = deque()
        self._unsent: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.WriteTransport | None = None

    @property
    def alive(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's are not derived from asyncio's

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            if self._waiting[0].take(reply):
                self._waiting.popleft()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        for call in self._waiting:
            if not call.future.done():
                call.future.set_exception(ConnectionError("redis: connection lost"))
        self._waiting.clear()

    def call(self, commands: Sequence[bytes]) -> asyncio.Future[list[Any]]:
        future: asyncio.Future[list[Any]] = self._loop.create_future()
        if not self.alive:
            future.set_exception(ConnectionError("redis: connection lost"))
            return future
        self._waiting.append(_Call(len(commands), [], future))
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.extend(commands)
        return future

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        if self._transport is not None:
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()


class RedisLink:
    """Calls with a time limit and without retries. Callers share one attempt to connect; none waits longer for it."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self._address = Address.parse(url)
        self._timeout_s = timeout_s
        self._pipe: _Pipe | None = None
        self._attempt: asyncio.Task[_Pipe] | None = None

    async def call(self, commands: Sequence[bytes]) -> list[Any]:
        """The replies to packed commands (at least one), in order.

        Raises:
            OSError: Redis did not answer in time, or answered with an error.
        """
        pipe = self._pipe
        try:
            async with asyncio.timeout(self._timeout_s):
                if pipe is None or not pipe.alive:
                    pipe = await asyncio.shield(self._connecting())
                return await pipe.call(commands)
        except TimeoutError:
            if pipe is not None:
                pipe.abort()
            raise

    async def close(self) -> None:
        """Drop the connection."""
        if self._attempt is not None:
            self._attempt.cancel()
        if self._pipe is not None:
            self._pipe.abort()
            await asyncio.sleep(0)

    def _connecting(self) -> asyncio.Task[_Pipe]:
        if self._attempt is None or self._attempt.done():
            self._attempt = asyncio.create_task(self._connect())
            self._attempt.add_done_callback(_seen)
        return self._attempt

    async def _connect(self) -> _Pipe:
        address = self._address
        context = ssl.create_default_context() if address.tls else None
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            loop = asyncio.get_running_loop()
            _, pipe = await loop.create_connection(_Pipe, address.host, address.port, ssl=context)
            if greeting := address.greeting():
                await pipe.call(greeting)
        self._pipe = pipe
        return pipe


def _seen(attempt: asyncio.Task[_Pipe]) -> None:
    """Nobody may be left to see why the attempt failed."""
    if not attempt.cancelled():
        attempt.exception()
