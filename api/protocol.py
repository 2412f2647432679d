"""HTTP/1.1 with bounds on the size and the slowness of all but bodies: uvicorn's own protocol has none.

Bodies are bounded by whoever reads them; the rest of one that nobody reads is bounded here.
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle
from collections.abc import Callable

import httptools
import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api.problems import MEDIA_TYPE, of_status

MOST_HEAD_BYTES = 1_048_576


class BoundedProtocol(HttpToolsProtocol):
    """Refuses a head (request line and headers) that is too large, too slow or not HTTP, in the shape of all errors.

    Whatever is no body counts as head: trailers, too. It is counted per read from the socket, so exact to one read
    (256 KiB). Offers of another protocol are passed over (RFC 9110, 7.8).

    Attributes:
        head_seconds: for a head to be complete.
        idle_seconds: after an answer, for the next request to begin: longer than clients (5 s and more) and load
            balancers (60 s) keep a connection, which would else send into one that is just being closed.
        rest_seconds: after an answer, for the rest of a body that nobody wanted.
        unread_seconds: for a client to read on, if answers pile up.
        leave_seconds: once the service ends, for a client that has asked nothing to ask, and be told to come no more.
    """

    head_seconds = 10.0
    idle_seconds = 75.0
    rest_seconds = 5.0
    unread_seconds = 20.0
    leave_seconds = 1.0
    _draining = False
    _head_bytes = 0
    _timer: TimerHandle | None = None
    _unread: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: a client that connects has something to ask."""
        super().connection_made(transport)
        self._within(self.head_seconds, self._too_slow)

    def drain(self) -> None:
        """The service ends: the next answer is the last one here, and there must be a request for it soon."""
        if self._draining:
            return
        self._draining = True
        if self.cycle is None or self.cycle.response_complete:
            self._within(self.leave_seconds, self.transport.close)
        else:
            self.cycle.keep_alive = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and count what arrives without any part of a body."""
        self._unset_keepalive_if_required()
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
            return
        self._head_bytes += len(data)
        if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431, f"the headers are larger than {MOST_HEAD_BYTES} bytes")

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._head_bytes = 0
        self._within(self.head_seconds, self._too_slow)

    def on_headers_complete(self) -> None:
        """The head is complete; what is read as headers from now on are trailers, and no headers of the request."""
        if self.parser.should_upgrade():
            return
        self._stop_clock()
        super().on_headers_complete()
        self.headers = []
        if self._draining:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """A part of the body; whoever reads it knows how much is too much."""
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete; perhaps it was answered before."""
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        if self.cycle.response_complete:
            self._within(self.idle_seconds, self.transport.close)

    def on_response_complete(self) -> None:
        """Start the clock again, unless the next request is here."""
        super().on_response_complete()
        self._unset_keepalive_if_required()  # uvicorn's clock: ours is the only one
        if self._timer is None and self.cycle.response_complete:
            self._within(self.rest_seconds if self.cycle.more_body else self.idle_seconds, self.transport.close)

    def pause_writing(self) -> None:
        """The client does not read what it asked for: for how long?"""
        super().pause_writing()
        self._unread = self.loop.call_later(self.unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        self._refuse(400, msg)

    def _parse(self, data: bytes) -> None:
        while data and not self.transport.is_closing():
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as offered:
                data = self._without_offer() + data[offered.args[0] :]

    def _without_offer(self) -> bytes:
        """The head that was parsed, once more for a new parser: the old one takes what follows for another protocol."""
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if method == b"CONNECT":
            raise httptools.HttpParserInvalidMethodError("this is no proxy")
        lines = [b"%b %b HTTP/%b" % (method, self.url, version.encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def _within(self, seconds: float, otherwise: Callable[[], None]) -> None:
        self._stop_clock()
        self._timer = self.loop.call_later(seconds, otherwise)

    def _stop_clock(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._refuse(408, f"no complete request within {self.head_seconds:g} s")

    def _refuse(self, status: int, detail: str) -> None:
        self._stop_clock()
        body = msgspec.json.encode(of_status(status, detail))
        headers = f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + headers.encode() + body)
        self.transport.close()
