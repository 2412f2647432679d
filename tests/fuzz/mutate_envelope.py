"""Mutations of what is around a body: method, path, headers, framing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from tests.fuzz import hostile
from tests.fuzz.request import Request

Mutation = Callable[[Random, Request], Request]
METHODS = (b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"PROPFIND", b"get", b"QUERY")
PATHS = (
    b"/",
    b"//",
    b"/v1",
    b"/v1/",
    b"/v1/decisions/",
    b"/v1/decisions//shown",
    b"/v1/sessions//events",
    b"/v1/sessions/a/b/events",
    b"/v1/decisions/%2e%2e/%2e%2e/metrics",
    b"/v1/../metrics",
    b"/metrics/",
    b"/docs",
    b"/redoc",
    b"/openapi.json",
    b"/static-offline-docs/../../../../etc/passwd",
    b"/.env",
    b"*",
    b"http://example.com/v1/decisions",
)
PARTS = (b"%", b"%zz", b"%00", b"%0a", b"%2F", b"%FF%FE", b"%ED%A0%80", b"%F0%9F%98%80", b";x=1", b"..", b"+", b"~")
QUERIES = (b"?", b"?a=b&a=c", b"?placement=offer", b"?%ff=%00", b"?" + b"a" * 8_000, b"?[]={}", b"#top")
HEADERS = (
    (b"content-type", b"text/plain"),
    (b"content-type", b"application/json; charset=utf-16"),
    (b"content-type", b"multipart/form-data; boundary="),
    (b"content-type", b"application/x-www-form-urlencoded"),
    (b"content-type", b"\xff\xfe"),
    (b"content-encoding", b"gzip"),
    (b"content-encoding", b"br, deflate, identity"),
    (b"accept", b"text/html;q=0.1, image/*"),
    (b"accept-encoding", b"*;q=0"),
    (b"accept-language", b"x" * 5_000),
    (b"expect", b"100-continue"),
    (b"expect", b"200-ok"),
    (b"connection", b"upgrade, keep-alive"),
    (b"upgrade", b"websocket"),
    (b"upgrade", b"h2c"),
    (b"origin", b"null"),
    (b"cookie", b"=;=;a=\xff"),
    (b"authorization", b"Bearer " + b"A" * 3_000),
    (b"authorization", b"Basic \xff"),
    (b"x-api-key", b"\xf0\x9f\x98\x80"),
    (b"x-forwarded-for", b"127.0.0.1, ::1, <script>"),
    (b"x-forwarded-proto", b"gopher"),
    (b"forwarded", b'for="[::]";proto=x'),
    (b"host", b"other"),
    (b"range", b"bytes=0-0,5-1,-1"),
    (b"if-none-match", b"*"),
    (b"if-modified-since", b"yesterday"),
    (b"x-http-method-override", b"DELETE"),
    (b"traceparent", b"00-0-0-0"),
    (b"x-long", b"a" * 60_000),
)
BAD_HEADERS = (
    b"content-length: -1\r\n",
    b"content-length: 1e3\r\n",
    b"content-length: 99999999999999999999\r\n",
    b"content-length: 100000\r\n",
    b"content-length: 1\r\ncontent-length: 2\r\n",
    b"transfer-encoding: chunked\r\ncontent-length: 3\r\n",
    b"transfer-encoding: gzip, chunked\r\n",
    b"transfer-encoding: cow\r\n",
    b"no colon\r\n",
    b": empty\r\n",
    b"a b: c\r\n",
    b"x: \0\r\n",
    b"x: a\n b\r\n",
    b"x: a\r\ry: b\r\n",
    b"\xff: \xff\r\n",
)
VERSIONS = (b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/9.9", b"http/1.1", b"ICY/1.1", b"")


def mutate_envelope(random: Random, request: Request) -> tuple[Request, str]:
    """The request with one thing changed, and what. HEAD is left out: its answers cannot be looked into."""
    mutation = random.choices(tuple(MUTATIONS), tuple(MUTATIONS.values()))[0]
    return mutation(random, request), mutation.__name__.lstrip("_")


def _method(random: Random, request: Request) -> Request:
    return replace(request, method=random.choice(METHODS))


def _path(random: Random, request: Request) -> Request:
    return replace(request, target=random.choice(PATHS))


def _part(random: Random, request: Request) -> Request:
    """One segment of the path is something hostile."""
    parts = request.target.split(b"/")
    text = random.choice(hostile.STRINGS).encode("utf-8", "surrogatepass")
    quoted = b"".join(b"%%%02X" % byte for byte in text)
    parts[random.randrange(len(parts))] = random.choice(
        (quoted, random.choice(PARTS), b"a" * random.choice((129, 60_000)))
    )
    return replace(request, target=b"/".join(parts) or b"/")


def _query(random: Random, request: Request) -> Request:
    return replace(request, target=request.target + random.choice(QUERIES))


def _header(random: Random, request: Request) -> Request:
    return replace(request, headers=(*request.headers, random.choice(HEADERS)))


def _no_headers(random: Random, request: Request) -> Request:
    return replace(request, headers=())


def _many_headers(random: Random, request: Request) -> Request:
    return replace(
        request, headers=(*request.headers, *((b"x-%d" % n, b"y") for n in range(random.choice((100, 2_000)))))
    )


def _chunked(random: Random, request: Request) -> Request:
    sizes = tuple(random.choice((1, 2, 7, 100)) for _ in range(random.randint(1, 40)))
    return replace(request, chunks=sizes)


def _version(random: Random, request: Request) -> Request:
    return _raw(request, request.wire().replace(b"HTTP/1.1", random.choice(VERSIONS), 1))


def _bad_header(random: Random, request: Request) -> Request:
    return _raw(request, request.wire().replace(b"\r\n", b"\r\n" + random.choice(BAD_HEADERS), 1))


def _cut_short(random: Random, request: Request) -> Request:
    wire = request.wire()
    return _raw(request, wire[: random.randrange(len(wire))])


def _damaged(random: Random, request: Request) -> Request:
    wire = bytearray(request.wire())
    wire[random.randrange(min(len(wire), 200))] = random.randrange(256)
    return _raw(request, bytes(wire))


def _raw(request: Request, wire: bytes) -> Request:
    return replace(request, raw=wire, loose=True)


MUTATIONS: dict[Mutation, int] = {
    _method: 10,
    _path: 10,
    _part: 20,
    _query: 8,
    _header: 25,
    _no_headers: 3,
    _many_headers: 2,
    _chunked: 12,
    _version: 1,
    _bad_header: 4,
    _cut_short: 2,
    _damaged: 3,
}
