"""Calls of the HTTP API as data, so that the blocking and the asynchronous client cannot differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from api.client.errors import ClientError, Problem, refusal
from api.client.messages import Accepted, Ask, Decision, Events, Outcome, Turn, TurnAnswer

Answer = TypeVar("Answer")
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Call(Generic[Answer]):
    """One request and the type of its answer. Every call may be repeated: its ids are in its body."""

    method: str
    path: str
    answer: type[Answer]
    body: bytes | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the request."""
        return _JSON if self.body is not None else {}

    def read(self, response: httpx.Response) -> Answer:
        """The answer. Raises ``ProblemError`` for a refusal, ``ClientError`` for what is not an answer at all."""
        if response.status_code >= 400:
            raise refusal(response.status_code, _problem(response), response.headers.get("retry-after"))
        if self.answer is type(None):
            return None
        try:
            return msgspec.json.decode(response.content, type=self.answer)
        except msgspec.DecodeError as error:
            raise ClientError(f"{self.method} {self.path}: the answer is not as agreed: {error}") from error


def decide(ask: Ask) -> Call[Decision]:
    """``POST /v1/decisions``."""
    return Call("POST", "/v1/decisions", Decision, msgspec.json.encode(ask))


def turn(asked: Turn) -> Call[TurnAnswer]:
    """``POST /v1/turns``."""
    return Call("POST", "/v1/turns", TurnAnswer, msgspec.json.encode(asked))


def report(outcomes: Sequence[Outcome]) -> Call[Accepted]:
    """``POST /v1/outcomes``."""
    return Call("POST", "/v1/outcomes", Accepted, msgspec.json.encode({"outcomes": outcomes}))


def shown(decision_id: str) -> Call[None]:
    """``POST /v1/decisions/{id}/shown``."""
    return Call("POST", f"/v1/decisions/{quote(decision_id, safe='')}/shown", type(None))


def explain(decision_id: str) -> Call[dict[str, Any]]:
    """``GET /v1/decisions/{id}``."""
    return Call("GET", f"/v1/decisions/{quote(decision_id, safe='')}", dict[str, Any])


def track(session_id: str, happened: Events) -> Call[Accepted]:
    """``POST /v1/sessions/{id}/events``."""
    path = f"/v1/sessions/{quote(session_id, safe='')}/events"
    return Call("POST", path, Accepted, msgspec.json.encode(happened))


def ready() -> Call[None]:
    """``GET /readyz``."""
    return Call("GET", "/readyz", type(None))


def _problem(response: httpx.Response) -> Problem:
    try:
        return msgspec.json.decode(response.content, type=Problem)
    except msgspec.DecodeError:
        return Problem(title=response.reason_phrase, detail=response.text[:200])
