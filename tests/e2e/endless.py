"""Clients that never come to an end: what they are told, and after how long."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat

HEAD = b"POST /v1/decisions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
GREETING = b'{"placement": "greeting", "session_id": "endless", '
NOTHING_MORE = b""
PATIENCE_SECONDS = 30.0
DRIP_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Endless:
    """What is sent first, what is repeated for ever (slowly or as fast as it is taken), and what is right."""

    start: bytes
    more: bytes
    right: tuple[int, ...]
    fast: bool = False


CLIENTS: Mapping[str, Endless] = {
    "a chunked body that stalls": Endless(CHUNKED + b"33\r\n" + GREETING + b"\r\n", NOTHING_MORE, (408,)),
    "a chunked body that drips": Endless(CHUNKED, b"1\r\n \r\n", (408,)),
    "a chunked body that pours": Endless(CHUNKED, b"1000\r\n" + b" " * 4_096 + b"\r\n", (413,), fast=True),
    "a chunk whose size never ends": Endless(CHUNKED, b"0", (400, 408)),
    "chunks of nothing but extensions": Endless(
        CHUNKED, b"1;" + b"x" * 4_096 + b"\r\n \r\n", (400, 408, 413), fast=True
    ),
    "trailers that never end": Endless(CHUNKED + b"1\r\n \r\n0\r\n", b"x: y\r\n", (400, 408, 422, 431)),
    "a body shorter than announced": Endless(HEAD + b"content-length: 500\r\n\r\n" + GREETING, NOTHING_MORE, (408,)),
    "a body that drips": Endless(HEAD + b"content-length: 99999\r\n\r\n", b" ", (408,)),
    "headers that stall": Endless(HEAD, NOTHING_MORE, (408,)),
    "headers that drip": Endless(HEAD, b"x: y\r\n", (408,)),
    "a header that drips": Endless(HEAD + b"x: ", b"y", (408,)),
    "headers that pour": Endless(HEAD, b"x: y\r\n" * 1_000, (431,), fast=True),
    "a header that pours": Endless(HEAD + b"x: ", b"y" * 6_000, (431,), fast=True),
    "a request line that pours": Endless(b"POST /", b"y" * 6_000, (400, 414, 431), fast=True),
    "a connection that says nothing": Endless(b"", NOTHING_MORE, (408,)),
}


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended: the status (``None``: hung up without one), after how many seconds."""

    status: int | None
    seconds: float


def outlast(port: int, client: Endless) -> Ending:
    """Play the client until the service has had enough."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        try:
            connection.sendall(client.start)
            for more in _pieces(client):
                if _has_news(connection, client.fast):
                    break
                connection.sendall(more)
                assert time.monotonic() - start < PATIENCE_SECONDS, "it is still listening"
            answer = connection.recv(65_536)
        except ConnectionError:  # hung up while we were sending: the answer may be lost with it
            answer = b""
    return Ending(int(answer.split()[1]) if answer else None, time.monotonic() - start)


def _pieces(client: Endless) -> Iterator[bytes]:
    return repeat(client.more)


def _has_news(connection: socket.socket, fast: bool) -> bool:
    return bool(select.select([connection], [], [], 0.0 if fast else DRIP_SECONDS)[0])
