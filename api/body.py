"""Request bodies: read within the limit, decoded once, straight into typed structs."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any, TypeVar

import msgspec
from fastapi import Request, Response
from msgspec.json import Decoder
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.problems import BodyTooLarge
from engine.config_shape import shape_faults
from engine.errors import BadRequest

T = TypeVar("T")
BODY_SECONDS = 4.0
"""Less than a stopping server grants, so that every request is answered."""
CLOSE = {"connection": "close"}

_encode = msgspec.json.Encoder().encode


async def decoded(request: Request, decoder: Decoder[T]) -> T:
    """The body as ``T``. Raises what ``received`` and ``decode`` raise."""
    return decode(await received(request), decoder)


def decode(body: bytes, decoder: Decoder[T]) -> T:
    """Bytes as ``T``.

    Raises:
        BadRequest: nested too deeply.
        msgspec.DecodeError: not JSON; its subclass ValidationError: not a ``T``.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _located(error, body, decoder) from error
    except RecursionError as error:
        raise BadRequest("the body is nested too deeply", field="$") from error
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"the body is not UTF-8: {error.reason} at byte {error.start}") from error


def _located(error: msgspec.ValidationError, body: bytes, decoder: Decoder[Any]) -> Exception:
    """The error, with the key's name where msgspec knows only that it is some key of a map."""
    if "[...]" not in str(error):
        return error
    try:
        plain = json.loads(body, parse_float=_finite)
    except (ValueError, RecursionError):
        return error
    fault = next(shape_faults(plain, decoder.type), None)
    if fault is None:
        return error
    return BadRequest(f"expected {fault.expected}", field=".".join(str(part) for part in fault.path))


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


async def received(request: Request) -> bytes:
    """The body's bytes.

    Raises:
        BodyTooLarge: as soon as there are more than allowed.
        HTTPException: it did not come in time (408), or the connection ended before it did (400).
    """
    limit = request.app.state.settings.max_body_bytes
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise BodyTooLarge(limit)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _joined(request, limit)
    except TimeoutError as error:
        raise HTTPException(408, f"the body was not complete within {BODY_SECONDS:.0f} s", CLOSE) from error
    except ClientDisconnect as error:
        raise HTTPException(400, "the connection ended before the body did") from error


async def _joined(request: Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def checked(value: str, kind: Any, *, field: str) -> str:
    """A part of the path, held to the type it has in a body. Raises ``BadRequest`` naming ``field``."""
    try:
        return msgspec.convert(value, kind)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        raise BadRequest(str(error), field=field) from error


def answered(content: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(_encode(content), status, media_type="application/json")
