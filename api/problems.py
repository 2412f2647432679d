"""Every error as RFC 9457 ``application/problem+json``, one shape for all routes."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from api.schemas import Problem
from engine.errors import (
    BadRequest,
    DecisionConflict,
    JournalError,
    MaitredError,
    NotFound,
    SealError,
    UnknownPlacement,
)

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:maitred:problem:"

_STATUS: Mapping[type[MaitredError], tuple[int, str, str]] = {
    UnknownPlacement: (404, "unknown-placement", "Unknown placement"),
    DecisionConflict: (409, "decision-conflict", "The decision id belongs to another request"),
    BadRequest: (422, "bad-request", "The request cannot be served as asked"),
    NotFound: (404, "not-found", "Not found"),
    SealError: (410, "forgotten", "The personal part was erased"),
    JournalError: (503, "journal-unavailable", "The journal cannot take the record now"),
    MaitredError: (500, "internal", "Internal error"),
}
_HTTP_TITLES = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "unsupported-media-type"}
_PATH = re.compile(r" - at `\$?\.?(?:key in )?(?P<path>[^`]*)`$")
_NAMED = re.compile(r"(?:required|unknown) field `(?P<name>[^`]*)`")


class BodyTooLarge(HTTPException):
    """The body is larger than the deployment allows."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"the body is larger than {limit} bytes")


def response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The problem as an HTTP response."""
    return Response(msgspec.json.encode(problem), problem.status, headers, MEDIA_TYPE)


def of_error(error: MaitredError) -> Problem:
    """The problem for one of the engine's errors."""
    status, kind, title = next(_STATUS[cls] for cls in type(error).__mro__ if cls in _STATUS)
    field = error.field if isinstance(error, BadRequest) else None
    detail = "see the service's log" if status == 500 else str(error)
    return Problem(type=TYPE_PREFIX + kind, title=title, status=status, detail=detail, field=field)


def of_validation(error: msgspec.DecodeError) -> Problem:
    """The problem for a body that is not JSON (400) or not the JSON asked for (422)."""
    message = str(error)
    valid_json = isinstance(error, msgspec.ValidationError)
    return Problem(
        type=TYPE_PREFIX + ("invalid-body" if valid_json else "malformed-json"),
        title="The body is not what this route takes" if valid_json else "The body is not JSON",
        status=422 if valid_json else 400,
        detail=message,
        field=_field(message) if valid_json else None,
    )


def _field(message: str) -> str:
    path, named = _PATH.search(message), _NAMED.search(message)
    parts = [path["path"] if path else "", named["name"] if named else ""]
    return ".".join(part for part in parts if part) or "$"


def install(app: FastAPI) -> None:
    """Register the handlers."""

    async def maitred_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, MaitredError)
        problem = of_error(error)
        if problem.status >= 500:
            log.error("request_failed", exc_info=error)
        headers = {"retry-after": "1"} if problem.status == 503 else None
        return response(problem, headers)

    async def validation_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, msgspec.DecodeError)
        return response(of_validation(error))

    async def http_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind = _HTTP_TITLES.get(error.status_code, "http")
        problem = Problem(
            type=TYPE_PREFIX + kind,
            title=kind.replace("-", " ").capitalize(),
            status=error.status_code,
            detail=str(error.detail),
        )
        return response(problem, error.headers)

    async def unexpected(_: Request, error: Exception) -> Response:
        log.error("request_crashed", exc_info=error)
        return response(of_error(MaitredError(type(error).__name__)))

    app.add_exception_handler(MaitredError, maitred_error)
    app.add_exception_handler(msgspec.DecodeError, validation_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)
