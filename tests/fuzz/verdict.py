"""What must hold of every answer."""

from __future__ import annotations

import json
from typing import Any

from api.problems import KINDS, MEDIA_TYPE, OTHER, TYPE_PREFIX
from tests.fuzz.wire import Answer, Exchange

HANG_SECONDS = 1.0
FIELDS = {"type", "title", "status", "detail"}
TYPES = {TYPE_PREFIX + name for name in (OTHER, *(kind.name for kind in KINDS))}


def fault_of(exchange: Exchange) -> str | None:
    """What is wrong with an exchange, or ``None``. Slowness is judged by ``is_slow``: the machine has a part in it."""
    if exchange.lost:
        return f"no answer: {exchange.lost}"
    return next((fault for answer in exchange.answers if (fault := _fault(answer)) is not None), None)


def is_slow(exchange: Exchange) -> bool:
    """Whether it took longer than anybody should wait. A loose request may wait for what never comes."""
    return exchange.seconds > HANG_SECONDS and not exchange.request.loose


def _fault(answer: Answer) -> str | None:
    if answer.status >= 500:
        return f"status {answer.status}: {answer.body!r:.500}"
    if answer.status >= 400 and answer.headers.get("content-type") != MEDIA_TYPE:
        return f"status {answer.status} as {answer.headers.get('content-type')}: {answer.body!r:.500}"
    if answer.body is None:
        return None
    if answer.status >= 400:
        return _fault_of_problem(answer.status, _json(answer.body))
    if answer.headers.get("content-type") == "application/json" and _json(answer.body) is None:
        return f"status {answer.status}, but the body is not JSON: {answer.body!r:.500}"
    return None


def _fault_of_problem(status: int, problem: Any) -> str | None:
    if not isinstance(problem, dict) or not problem.keys() >= FIELDS:
        return f"not a problem: {problem!r:.500}"
    is_known = problem["type"] in TYPES and problem["title"] and problem["detail"]
    return None if is_known and problem["status"] == status else f"does not fit its status {status}: {problem!r:.500}"


def _json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_never)
    except ValueError:
        return None


def _never(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
