"""Every error as RFC 9457 ``application/problem+json``, one shape for all routes, counted by type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from api.duplicate_keys import DuplicateKey
from api.limits import BodyTooLarge, LimitExceeded
from api.refused import refusal_of
from api.schemas import LimitStated, Problem, in_words
from api.service import service_of
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
RETRY_SECONDS = "1"


class Kind(NamedTuple):
    """One problem type: its name below ``TYPE_PREFIX`` never changes."""

    status: int
    name: str
    title: str


MALFORMED_JSON = Kind(400, "malformed-json", "The body is not JSON")
INVALID_BODY = Kind(422, "invalid-body", "The body is not what this route takes")
INTERNAL = Kind(500, "internal", "Internal error")
OTHER = "http"
_BY_ERROR: Mapping[type[MaitredError], Kind] = {
    UnknownPlacement: Kind(404, "unknown-placement", "Unknown placement"),
    DuplicateKey: Kind(400, "duplicate-key", "An object of the body has a key twice"),
    LimitExceeded: Kind(422, "limit-exceeded", "More than this deployment takes"),
    BodyTooLarge: Kind(413, "too-large", "Too large"),
    DecisionConflict: Kind(409, "decision-conflict", "The decision id belongs to another request"),
    BadRequest: Kind(422, "bad-request", "The request cannot be served as asked"),
    NotFound: Kind(404, "not-found", "Not found"),
    SealError: Kind(410, "forgotten", "The personal part was erased"),
    JournalError: Kind(503, "journal-unavailable", "The journal is not available now"),
    MaitredError: INTERNAL,
}
_BY_STATUS: Mapping[int, Kind] = {
    401: Kind(401, "unauthorized", "A good key is needed"),
    403: Kind(403, "forbidden", "This caller may not do this"),
    404: _BY_ERROR[NotFound],
    405: Kind(405, "method-not-allowed", "Method not allowed"),
    413: _BY_ERROR[BodyTooLarge],
    429: Kind(429, "rate-limited", "Too many calls with this key"),
    503: Kind(503, "not-ready", "Not ready"),
}
KINDS = (MALFORMED_JSON, INVALID_BODY, *dict.fromkeys((*_BY_ERROR.values(), *_BY_STATUS.values())))
"""Every problem type but ``OTHER``."""

_PATH = re.compile(r" - at `\$?\.?(?:key in )?(?P<path>[^`]*)`$")
_NAMED = re.compile(r"(?:required|unknown) field `(?P<name>[^`]*)`")


def of_error(error: MaitredError) -> Problem:
    """The problem for one of the engine's errors."""
    kind = next(_BY_ERROR[cls] for cls in type(error).__mro__ if cls in _BY_ERROR)
    field = error.field if isinstance(error, BadRequest) else None
    limit = LimitStated(error.name, error.most, error.found) if isinstance(error, LimitExceeded) else None
    return _problem(kind, "see the service's log" if kind is INTERNAL else str(error), field, limit)


def of_validation(error: msgspec.DecodeError) -> Problem:
    """The problem for a body that is not JSON (400) or not the JSON asked for (422)."""
    message = str(error)
    if isinstance(error, msgspec.ValidationError):
        return _problem(INVALID_BODY, in_words(message), _field(message))
    return _problem(MALFORMED_JSON, message)


def of_status(status: int, detail: str) -> Problem:
    """The problem for an HTTP status without an error of ours."""
    return _problem(_BY_STATUS.get(status) or Kind(status, OTHER, HTTPStatus(status).phrase), detail)


def _problem(kind: Kind, detail: str, field: str | None = None, limit: LimitStated | None = None) -> Problem:
    return Problem(
        type=TYPE_PREFIX + kind.name,
        title=kind.title,
        status=kind.status,
        detail=_encodable(detail),
        field=None if field is None else _encodable(field),
        limit=limit,
    )


def _encodable(text: str) -> str:
    """Without the halves of characters that a body may escape and no answer can hold."""
    return text.encode("utf-8", "replace").decode()


def _field(message: str) -> str:
    path, named = _PATH.search(message), _NAMED.search(message)
    parts = [path["path"] if path else "", named["name"] if named else ""]
    return ".".join(part for part in parts if part) or "$"


def _refused(request: Request, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    service, name = service_of(request), problem.type.removeprefix(TYPE_PREFIX)
    service.metrics.problems.labels(name).inc()
    if problem.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        service.quarantine.note(refusal_of(request, name, problem.field))
    more = {"retry-after": RETRY_SECONDS} if problem.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return Response(msgspec.json.encode(problem), problem.status, {**(headers or {}), **more}, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Register the handlers."""

    async def maitred_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, MaitredError)
        problem = of_error(error)
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("request_failed", exc_info=error)
        return _refused(request, problem)

    async def validation_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, msgspec.DecodeError)
        return _refused(request, of_validation(error))

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _refused(request, of_status(error.status_code, str(error.detail)), error.headers)

    async def unexpected(request: Request, error: Exception) -> Response:
        """The server logs the traceback: the error goes on to it after this answer."""
        log.error("request_crashed", error=type(error).__name__)
        return _refused(request, of_error(MaitredError()))

    app.add_exception_handler(MaitredError, maitred_error)
    app.add_exception_handler(msgspec.DecodeError, validation_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)
