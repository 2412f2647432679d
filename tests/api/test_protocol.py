"""Over raw sockets: whatever arrives is answered in one shape, in bounded time and memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from api.problems import MEDIA_TYPE
from api.protocol import MOST_HEAD_BYTES, BoundedProtocol

GET = b"GET / HTTP/1.1\r\nhost: x\r\n"
CLOSE = b"connection: close\r\n\r\n"
HELLO = b"hello"
LARGE = bytes(50_000_000)
PATIENCE_SECONDS = 20.0
DRIP_SECONDS = 0.03
Talk = Callable[..., Awaitable[bytes]]


class Hasty(BoundedProtocol):
    """Gives a client a tenth of a second."""

    head_seconds = idle_seconds = rest_seconds = unread_seconds = 0.1


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """The smallest application: it reads the whole body."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": HELLO})


async def hello_unheard(scope: Any, receive: Any, send: Any) -> None:
    """Answers without reading anything."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": HELLO})


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the names of the headers, once it has read the body, and with the body."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    content = b",".join(name for name, _ in scope["headers"]) + b";" + body
    length = b"%d" % len(content)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": content})


def against(
    protocol: type[BoundedProtocol], script: Callable[[Talk], Awaitable[None]], application: Any = hello
) -> None:
    """Run ``script`` against a server; its argument sends parts over a new connection and reads to the end.

    After each part but the last it reads ``until`` something, if that is given.
    """

    async def main() -> None:
        config = uvicorn.Config(application, port=0, http=protocol, ws="none", lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0)
        port = server.servers[0].sockets[0].getsockname()[1]

        async def talk(
            *parts: bytes, until: bytes = b"", unread_until: asyncio.Event | None = None, drip: bytes = b""
        ) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                for number, part in enumerate(parts, 1):
                    writer.write(part)
                    await writer.drain()
                    if until and number < len(parts):
                        await reader.readuntil(until)
                if unread_until is not None:
                    await asyncio.wait_for(unread_until.wait(), PATIENCE_SECONDS)
                answer = asyncio.create_task(asyncio.wait_for(reader.read(), PATIENCE_SECONDS))
                while drip and not (await asyncio.wait([answer], timeout=DRIP_SECONDS))[0]:
                    writer.write(drip)
                return await answer
            except ConnectionError:  # the server hung up on a client that was still sending
                return b""
            finally:
                writer.close()

        try:
            await script(talk)
        finally:
            server.should_exit = True
            await serving

    asyncio.run(main())


def problem(answer: bytes) -> int:
    """The status, after checking the rest."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    assert f"content-type: {MEDIA_TYPE}".encode() in head.lower()
    assert json.loads(body)["status"] == status
    return status


def test_a_request_is_answered():
    async def script(talk: Talk) -> None:
        assert (await talk(GET + CLOSE)).endswith(HELLO)
        assert (await talk(*[bytes([byte]) for byte in GET + CLOSE])).endswith(HELLO)

    against(BoundedProtocol, script)


def test_pipelined_requests_are_answered_in_turn():
    async def script(talk: Talk) -> None:
        answer = await talk((GET + b"\r\n") * 300 + GET + CLOSE)
        assert answer.count(b"200 OK") == 301

    against(BoundedProtocol, script)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0\0\0\0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"CONNECT x:80 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"FOO / HTTP/1.1\r\nhost: x\r\n\r\n",
        GET + b"content-length: -1\r\n\r\n",
        GET + b"content-length: 1\r\ncontent-length: 2\r\n\r\n",
        GET + b"content-length: 99999999999999999999999\r\n\r\n",
        GET + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        GET + b"transfer-encoding: chunked\r\n\r\nno number\r\n",
        GET + b"transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n",
        GET + b"x: a\0b\r\n\r\n",
        GET + b"x : folded\r\n\r\n",
    ],
)
def test_what_is_not_http_is_a_problem(garbage):
    async def script(talk: Talk) -> None:
        assert problem(await talk(garbage)) == 400

    against(BoundedProtocol, script)


def test_a_request_to_change_the_protocol_is_answered_in_this_one():
    async def script(talk: Talk) -> None:
        for protocol in (b"websocket", b"h2c"):
            answer = await talk(GET + b"connection: upgrade, close\r\nupgrade: " + protocol + b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200 "), protocol

    against(Hasty, script)


@pytest.mark.parametrize("piece", [b"x: a\r\n", b"a"], ids=["many", "long"])
def test_headers_without_end_are_cut_off(piece):
    async def script(talk: Talk) -> None:
        answer = await talk(GET, b"x: a", *[piece * (65_536 // len(piece))] * 256)
        assert answer == b"" or problem(answer) == 431
        assert (await talk(GET + CLOSE)).endswith(HELLO)

    against(BoundedProtocol, script)


def test_large_headers_within_the_bound_are_taken():
    async def script(talk: Talk) -> None:
        large = GET + b"x: " + b"a" * (MOST_HEAD_BYTES // 2) + b"\r\n"
        assert (await talk(large + b"\r\n" + large + CLOSE)).count(HELLO) == 2

    against(BoundedProtocol, script)


@pytest.mark.parametrize("start", [b"", b"G", GET, GET + b"x: "])
def test_a_client_that_never_finishes_its_headers_is_told_so(start):
    async def script(talk: Talk) -> None:
        assert problem(await talk(start)) == 408

    against(Hasty, script)


def test_a_slow_second_request_on_a_connection_is_told_so_too():
    async def script(talk: Talk) -> None:
        answer = await talk(GET + b"\r\n" + GET)
        first, _, second = answer.partition(HELLO)
        assert first.startswith(b"HTTP/1.1 200 ")
        assert problem(second) == 408

    against(Hasty, script)


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (GET + b"content-length: 9999\r\n\r\n", b" "),
        (GET + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (GET + b"transfer-encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n"),
        (GET + b"\r\n", b"\r\n"),
    ],
    ids=["body", "chunks", "trailers", "empty lines"],
)
def test_whoever_drips_on_after_the_answer_is_hung_up_on(start, more):
    async def script(talk: Talk) -> None:
        assert (await talk(start, drip=more)).count(HELLO) == 1

    against(Hasty, script, hello_unheard)


def test_an_idle_client_is_waited_for_longer_than_clients_wait():
    assert BoundedProtocol.idle_seconds > 60.0

    class AtOnce(BoundedProtocol):
        """Uvicorn's own clock would end it before the next request."""

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self.timeout_keep_alive = 0

    async def script(talk: Talk) -> None:
        assert (await talk(GET + b"\r\n", GET + b"\r\n", GET + CLOSE, until=HELLO)).endswith(HELLO)

    against(AtOnce, script)


def test_a_body_that_was_not_wanted_may_end_and_another_request_follow():
    async def script(talk: Talk) -> None:
        answer = await talk(GET + b"content-length: 100000\r\n\r\n", b"a" * 100_000, GET + CLOSE)
        assert answer.count(HELLO) == 2

    against(BoundedProtocol, script, hello_unheard)


def test_whoever_does_not_read_the_answer_is_hung_up_on():
    gone = asyncio.Event()

    async def large(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(2):
            await send({"type": "http.response.body", "body": LARGE, "more_body": True})
        gone.set()

    async def script(talk: Talk) -> None:
        assert len(await talk(GET + CLOSE, unread_until=gone)) < len(LARGE)

    against(Hasty, script, large)


def test_a_body_survives_the_offer_of_another_protocol():
    async def script(talk: Talk) -> None:
        offer = b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: x\r\n"
        once = GET + offer + b"content-length: 5\r\n\r\n" + HELLO
        answer = await talk(once * 2 + GET + CLOSE)
        assert answer.count(b"host,connection,http2-settings,content-length;hello") == 2
        assert answer.endswith(b"host,connection;")

    against(BoundedProtocol, script, echo)


def test_trailers_are_no_headers():
    async def script(talk: Talk) -> None:
        chunks = b"5\r\nhello\r\n0\r\nauthorization: Bearer x\r\n\r\n"
        answer = await talk(GET + b"transfer-encoding: chunked\r\n\r\n" + chunks + GET + CLOSE)
        assert b"host,transfer-encoding;hello" in answer

    against(BoundedProtocol, script, echo)


@pytest.mark.parametrize("piece", [b"x: a\r\n", b"a"], ids=["many", "long"])
def test_trailers_without_end_are_cut_off(piece):
    async def script(talk: Talk) -> None:
        start = GET + b"transfer-encoding: chunked\r\n\r\n1\r\n \r\n0\r\nx: a"
        answer = await talk(start, *[piece * (65_536 // len(piece))] * 256)
        assert answer == b"" or problem(answer) == 431

    against(BoundedProtocol, script)


def test_what_is_not_http_is_not_logged_each_time(caplog):
    async def script(talk: Talk) -> None:
        for garbage in (b"nonsense\r\n\r\n", GET + b"connection: upgrade, close\r\nupgrade: h2c\r\n\r\n"):
            await talk(garbage)

    against(Hasty, script)
    assert not caplog.records
