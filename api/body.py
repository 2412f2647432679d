"""Request bodies: read within the limits, refused if they are ambiguous, then decoded into typed structs."""

from __future__ import annotations

import asyncio
import json
import math
import re
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from fastapi import Request, Response
from msgspec.json import Decoder
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.duplicate_keys import check_each_object, check_keys
from api.limits import BodyTooLarge, Limits
from api.schemas import Value, in_words
from engine.errors import BadRequest

T = TypeVar("T")
BODY_SECONDS = 4.0
"""Less than a stopping server grants, so that every request is answered."""
CLOSE = {"connection": "close"}
LONGEST_LENGTH = 20
MOST_DIGITS = 500

_IN_MAP = re.compile(r"^(?P<expected>.*) - at `\$(?P<path>[^`]*)\[\.\.\.\]`$")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_encode = msgspec.json.Encoder().encode
_plain = Decoder().decode


@dataclass(frozen=True, slots=True)
class Arrived:
    """A body that is JSON, within every limit, and says everything once. ``plain`` are its plain values."""

    content: bytes
    plain: Any
    limits: Limits

    def decoded(self, decoder: Decoder[T]) -> T:
        """The body as ``T``.

        Raises:
            LimitExceeded: not a ``T``, and nested too deeply. Every ``T`` itself is shallower than any limit.
            msgspec.ValidationError, BadRequest: not a ``T``.
        """
        try:
            return decoder.decode(self.content)
        except msgspec.ValidationError as error:
            self.limits.check_depth(self.plain)
            raise _located(error, self.plain) from error


async def decoded(request: Request, decoder: Decoder[T]) -> T:
    """The body as ``T``. Raises what ``arrived`` and ``Arrived.decoded`` raise."""
    return (await arrived(request)).decoded(decoder)


async def arrived(request: Request) -> Arrived:
    """The whole body. Raises what ``received`` and ``parsed`` raise."""
    limits = request.app.state.settings.limits
    return parsed(await received(request, limits.max_body_bytes), limits)


def parsed(content: bytes, limits: Limits) -> Arrived:
    """Bytes as JSON, untyped.

    Raises:
        msgspec.DecodeError: not JSON.
        DuplicateKey: an object has a key twice.
        LimitExceeded: nested too deeply, or too much of something.
    """
    try:
        plain = _unambiguous(content)
    except RecursionError as error:
        raise limits.too_deep() from error
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"the body is not UTF-8: {error.reason} at byte {error.start}") from error
    limits.check(plain, len(content))
    return Arrived(content, plain, limits)


def _unambiguous(content: bytes) -> Any:
    try:
        plain = _plain(content)
    except msgspec.ValidationError:
        return _beyond_numbers(content)
    check_keys(content, plain)
    return plain


def _beyond_numbers(content: bytes) -> Any:
    """JSON with a number that nothing can hold: whoever decodes the body says where it is."""
    try:
        plain = json.loads(content, parse_float=_finite, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise msgspec.DecodeError(f"JSON is malformed: {error}") from error
    check_each_object(content)
    return plain


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _whole(text: str) -> int | None:
    return int(text) if len(text) <= MOST_DIGITS else None


def _located(error: msgspec.ValidationError, plain: Any) -> Exception:
    """The error, with the key's name where msgspec knows only that it is some key of a map."""
    found = _IN_MAP.search(str(error))
    if found is None:
        return error
    values = plain
    for name, index in _STEP.findall(found["path"]):
        values = values[name or int(index)]
    fields = (f"{found['path'].removeprefix('.')}.{key}" for key, value in values.items() if not _is_value(value))
    return BadRequest(found["expected"].replace("`", ""), field=next(fields, found["path"]))


def _is_value(plain: Any) -> bool:
    try:
        msgspec.convert(plain, Value)
    except msgspec.ValidationError:
        return False
    return True


async def received(request: Request, most_bytes: int) -> bytes:
    """The body's bytes.

    Raises:
        BodyTooLarge: as soon as there are more than allowed.
        HTTPException: it did not come in time (408), or the connection ended before it did (400).
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and (announced := int(declared[:LONGEST_LENGTH])) > most_bytes:
        raise BodyTooLarge(most_bytes, announced)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _joined(request, most_bytes)
    except TimeoutError as error:
        raise HTTPException(408, f"the body was not complete within {BODY_SECONDS:.0f} s", CLOSE) from error
    except ClientDisconnect as error:
        raise HTTPException(400, "the connection ended before the body did") from error


async def _joined(request: Request, most_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most_bytes:
            raise BodyTooLarge(most_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def checked(value: str, kind: Any, *, field: str) -> str:
    """A part of the path, held to the type it has in a body. Raises ``BadRequest`` naming ``field``."""
    try:
        return msgspec.convert(value, kind)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        raise BadRequest(in_words(str(error)), field=field) from error


def answered(content: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(_encode(content), status, media_type="application/json")
