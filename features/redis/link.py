"""Where a Redis is, and the way there: a connection that is made when it is needed, and again when it is lost."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import hiredis

from features.punctual import in_time
from features.redis.pipe import Pipe, answered

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


class Asked(NamedTuple):
    """A packed command, and the key that it is about."""

    key: bytes
    command: bytes


class Link(Protocol):
    """A way to Redis. Every call has a time limit; nothing is asked twice."""

    def slot(self, key: bytes) -> int:
        """Keys of the same slot can be in one command."""
        ...

    async def ask(self, asked: Sequence[Asked]) -> list[Any]:
        """The replies (at least one is asked for), in order; of a cluster, an ``OSError`` for what failed alone.

        Raises:
            OSError: nothing was answered in time, or Redis answered with an error.
        """
        ...

    async def close(self) -> None:
        """Drop the connections."""
        ...


class RedisLink:
    """Calls with a time limit and without retries. Callers share one attempt to connect; none waits longer for it."""

    def __init__(self, address: Address, timeout_s: float = TIMEOUT_S) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._pipe: Pipe | None = None
        self._attempt: asyncio.Task[Pipe] | None = None

    async def call(self, commands: Sequence[bytes]) -> list[Any]:
        """The replies to packed commands (at least one), in order.

        Raises:
            OSError: Redis did not answer in time, or answered with an error.
        """
        pipe = self._pipe
        if pipe is None or not pipe.alive:
            pipe = await in_time(self.pipe(), self._timeout_s)
        return answered(await pipe.call(commands))

    def slot(self, key: bytes) -> int:
        """See ``Link.slot``: here every key is with every other."""
        return 0

    async def ask(self, asked: Sequence[Asked]) -> list[Any]:
        """See ``Link.ask``."""
        return await self.call([command for _, command in asked])

    async def pipe(self) -> Pipe:
        """The connection, made if there is none; for callers with a time limit of their own."""
        if self._pipe is None or not self._pipe.alive:
            return await asyncio.shield(self._connecting())
        return self._pipe

    async def close(self) -> None:
        """Drop the connection."""
        if self._attempt is not None:
            self._attempt.cancel()
        if self._pipe is not None:
            self._pipe.abort()
            await asyncio.sleep(0)

    def _connecting(self) -> asyncio.Task[Pipe]:
        if self._attempt is None or self._attempt.done():
            self._attempt = asyncio.create_task(self._connect())
            self._attempt.add_done_callback(_seen)
        return self._attempt

    async def _connect(self) -> Pipe:
        address = self._address
        context = ssl.create_default_context() if address.tls else None
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            loop = asyncio.get_running_loop()
            _, pipe = await loop.create_connection(
                partial(Pipe, self._timeout_s), address.host, address.port, ssl=context
            )
            if greeting := address.greeting():
                answered(await pipe.call(greeting))
        self._pipe = pipe
        return pipe


def _seen(attempt: asyncio.Task[Pipe]) -> None:
    """Nobody may be left to see why the attempt failed."""
    if not attempt.cancelled():
        attempt.exception()
