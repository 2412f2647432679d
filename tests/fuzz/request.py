"""One request as it goes over the wire, in a form that can be saved, replayed and made smaller."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

Header = tuple[bytes, bytes]
JSON_HEADERS: tuple[Header, ...] = ((b"content-type", b"application/json"),)
SHOWN_BYTES = 400


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP/1.1 request, possibly a bad one.

    Attributes:
        chunks: sizes of the pieces of a chunked body; ``None`` sends it with its length.
        raw: the exact bytes to send instead of all the above.
        loose: where the request ends is unclear on purpose: a server may wait, or answer more than once, or not at all.
        how: the mutations it went through.
    """

    method: bytes
    target: bytes
    headers: tuple[Header, ...] = JSON_HEADERS
    body: bytes = b""
    chunks: tuple[int, ...] | None = None
    raw: bytes | None = None
    loose: bool = False
    how: tuple[str, ...] = ()

    def wire(self) -> bytes:
        """The bytes to send."""
        if self.raw is not None:
            return self.raw
        head = b"".join(b"%b: %b\r\n" % header for header in self.headers)
        return b"%b %b HTTP/1.1\r\nhost: 127.0.0.1\r\n%b%b" % (self.method, self.target, head, self._framed())

    def with_body(self, body: bytes) -> Request:
        """The same with another body."""
        return replace(self, body=body)

    def save(self, path: Path) -> None:
        """Write it as JSON for ``--replay``."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_plain(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Request:
        """What ``save`` wrote."""
        saved = json.loads(path.read_text())
        return cls(
            method=_bytes(saved["method"]),
            target=_bytes(saved["target"]),
            headers=tuple((_bytes(name), _bytes(value)) for name, value in saved["headers"]),
            body=_bytes(saved["body"]),
            chunks=None if saved["chunks"] is None else tuple(saved["chunks"]),
            raw=None if saved["raw"] is None else _bytes(saved["raw"]),
            loose=saved["loose"],
            how=tuple(saved["how"]),
        )

    def __str__(self) -> str:
        sent = self.raw if self.raw is not None else self.body
        size = f"{len(sent)} bytes" if len(sent) > SHOWN_BYTES else ""
        return f"{self.method!r} {self.target[:SHOWN_BYTES]!r} {sent[:SHOWN_BYTES]!r} {size} ({', '.join(self.how)})"

    def _framed(self) -> bytes:
        if self.chunks is None:
            return b"content-length: %d\r\n\r\n%b" % (len(self.body), self.body)
        pieces, start = [], 0
        for size in self.chunks:
            pieces.append(self.body[start : start + size])
            start += size
        pieces.append(self.body[start:])
        framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece)
        return b"transfer-encoding: chunked\r\n\r\n%b0\r\n\r\n" % framed


def _plain(request: Request) -> dict[str, Any]:
    return {
        "method": _text(request.method),
        "target": _text(request.target),
        "headers": [[_text(name), _text(value)] for name, value in request.headers],
        "body": _text(request.body),
        "chunks": request.chunks,
        "raw": None if request.raw is None else _text(request.raw),
        "loose": request.loose,
        "how": request.how,
    }


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
