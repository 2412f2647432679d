"""Raw HTTP/1.1 over sockets: bytes out, what comes back in, and how long it took."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass

from tests.fuzz.request import Request

PATIENCE_SECONDS = 15.0
LOOSE_SECONDS = 0.1
"""How long to listen after a request of which nobody knows where it ends."""
LIMIT = 1 << 20
HEAD = b"HEAD"
BODILESS = (204, 304)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; header names are in lower case, and ``body`` is ``None`` where there never is one."""

    status: int
    headers: dict[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what became of it.

    Attributes:
        answers: one, unless the request is loose.
        seconds: from the first byte sent to the last one received.
        lost: why there is no complete answer, where there should be one.
    """

    request: Request
    answers: tuple[Answer, ...]
    seconds: float
    lost: str | None = None


class Connection:
    """One connection, opened when needed, kept open as long as the service likes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def exchange(self, request: Request) -> Exchange:
        """Send a request and read what comes. Never raises for what the service does."""
        if request.loose:
            await self.close()
            answers, seconds = await self._loosely(request)
            await self.close()
            return Exchange(request, answers, seconds)
        used = self._streams is not None
        exchange = await self._strictly(request)
        if exchange.lost and used:  # a kept connection may be closed by the service at any time between requests
            exchange = await self._strictly(request)
        return exchange

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._streams is not None:
            _, writer = self._streams
            self._streams = None
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=LIMIT)
        return self._streams

    async def _strictly(self, request: Request) -> Exchange:
        start = time.perf_counter()
        try:
            reader, writer = await self._open()
            writer.write(request.wire())
            answer = await asyncio.wait_for(_answer(reader, request.method), PATIENCE_SECONDS)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            await self.close()
            return Exchange(request, (), time.perf_counter() - start, lost=repr(error))
        seconds = time.perf_counter() - start
        if answer.headers.get("connection") == "close":
            await self.close()
        return Exchange(request, (answer,), seconds)

    async def _loosely(self, request: Request) -> tuple[tuple[Answer, ...], float]:
        answers: list[Answer] = []
        start = time.perf_counter()
        with contextlib.suppress(OSError, EOFError, TimeoutError, ValueError):
            reader, writer = await self._open()
            writer.write(request.wire())
            while True:
                answers.append(await asyncio.wait_for(_answer(reader, request.method), LOOSE_SECONDS))
        return tuple(answers), time.perf_counter() - start


async def _answer(reader: asyncio.StreamReader, method: bytes) -> Answer:
    """The next final response to a request of this method."""
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ", 2)[1])
        if status >= 200:
            break
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    if method == HEAD or status in BODILESS:
        return Answer(status, headers, None)
    return Answer(status, headers, await _body(reader, headers))


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    if headers.get("transfer-encoding") != "chunked":
        return await reader.read()
    pieces = []
    while size := int(await reader.readline(), 16):
        pieces.append(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return b"".join(pieces)
