"""The lean transport says exactly what httpx would, keeps its connection, and mends one that broke."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from api.client import AsyncClient, Event, Events, ProblemError, Unreachable
from api.demo.wire import Wire

Talk = Callable[[AsyncClient], Awaitable[None]]
ANSWER = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nContent-Length: 12\r\n\r\n{"reward":1}'
PROBLEM = b'HTTP/1.1 404 Not Found\r\ncontent-length: 18\r\n\r\n{"title":"no one"}'


@dataclass
class Server:
    """Answers each request with the next of its answers; an empty one hangs up."""

    answers: list[bytes]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    hung_up: int = 0
    tasks: set[asyncio.Task[Any] | None] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.tasks.add(asyncio.current_task())
        try:
            while answer := await self._answer(reader):
                writer.write(answer)
        except asyncio.IncompleteReadError:
            self.hung_up += 1
        writer.close()
        await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        self.requests.append(head + await reader.readexactly(length))
        return self.answers.pop(0)


def talk(server: Server, say: Talk, *, timeout_s: float = 5.0, attempts: int = 2) -> None:
    async def run() -> None:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        client = AsyncClient(f"http://127.0.0.1:{port}", transport=Wire(timeout_s), attempts=attempts)
        async with listening, client:
            await say(client)
            await client.close()
            await asyncio.wait({task for task in server.tasks if task is not None})

    asyncio.run(run())


async def explain(client: AsyncClient) -> None:
    assert await client.explain("d 1") == {"reward": 1}


def test_calls_follow_each_other_on_one_connection() -> None:
    async def three(client: AsyncClient) -> None:
        for _ in range(3):
            await explain(client)

    server = Server([ANSWER] * 3)
    talk(server, three)
    assert server.connections == 1
    assert server.requests[0].startswith(b"GET /v1/decisions/d%201 HTTP/1.1\r\n")
    assert b"\r\nhost: 127.0.0.1:" in server.requests[0].lower()


def test_calls_made_at_once_take_turns() -> None:
    async def together(client: AsyncClient) -> None:
        await asyncio.gather(*(explain(client) for _ in range(5)))

    server = Server([ANSWER] * 5)
    talk(server, together)
    assert (server.connections, len(server.requests)) == (1, 5)


def test_a_body_travels_whole() -> None:
    async def shown(client: AsyncClient) -> None:
        await client.track("s", Events(events=[Event(event="é")]))

    server = Server([b'HTTP/1.1 202 Accepted\r\ncontent-length: 14\r\n\r\n{"accepted":1}'])
    talk(server, shown)
    assert '"event":"é"'.encode() in server.requests[0]


def test_a_refusal_is_the_clients_own_error() -> None:
    async def refused(client: AsyncClient) -> None:
        with pytest.raises(ProblemError, match="404 no one"):
            await client.explain("d")

    talk(Server([PROBLEM]), refused)


def test_a_connection_that_broke_is_opened_anew() -> None:
    server = Server([ANSWER, b"", ANSWER])

    async def twice(client: AsyncClient) -> None:
        await explain(client)
        await explain(client)

    talk(server, twice)
    assert server.connections == 2


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n", b"hello\r\n\r\n"]
)
def test_what_is_no_answer_is_unreachable(answer: bytes) -> None:
    async def broken(client: AsyncClient) -> None:
        with pytest.raises(Unreachable):
            await client.explain("d")

    talk(Server([answer]), broken, attempts=1)


def test_a_service_that_is_silent_or_absent_is_unreachable() -> None:
    async def silent(client: AsyncClient) -> None:
        with pytest.raises(Unreachable, match="no answer in time"):
            await client.explain("d")

    talk(Server([b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"]), silent, timeout_s=0.05, attempts=1)

    async def absent() -> None:
        async with AsyncClient("http://127.0.0.1:1", transport=Wire(1.0), attempts=1) as client:
            with pytest.raises(Unreachable):
                await client.explain("d")

    asyncio.run(absent())
