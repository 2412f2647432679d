"""The client says what the HTTP API takes, reads what it answers, and may repeat itself."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import pytest

from api.client import (
    Accepted,
    Ask,
    AsyncClient,
    Client,
    ClientError,
    Event,
    Events,
    Offered,
    Outcome,
    ProblemError,
    Turn,
    Unreachable,
)
from api.schemas import DecisionBody, EventsBody, OutcomesBody, TurnBody

DECISION = {
    "decision_id": "d-1",
    "placement": "greeting",
    "action": {"id": "hello", "content": {"text": "Hi!", "locale": "en"}},
    "propensity": 0.75,
    "ranking": [{"id": "hello", "probability": 0.75}, {"id": "hey", "probability": 0.25}],
    "policy": "vw",
    "model_version": "origin",
    "group": "champion",
    "reason": "policy",
    "degraded": [],
    "expires_at": "2030-01-01T00:00:00+00:00",
    "recorded": True,
    "something_new": "that this client does not know",
}
BODIES = {"/v1/decisions": DecisionBody, "/v1/turns": TurnBody, "/v1/outcomes": OutcomesBody}


@dataclass(slots=True)
class ServiceDouble:
    """Answers as the API does, checks bodies against the API's own types, and may fail a few times first."""

    failures: list[Callable[[httpx.Request], httpx.Response]] = field(default_factory=list)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        self.asked.append((request.method, path, json.loads(request.content) if request.content else None))
        if self.failures:
            return self.failures.pop(0)(request)
        body = EventsBody if path.endswith("/events") else BODIES.get(path)
        if body is not None:
            msgspec.json.decode(request.content, type=body)
        return self._answer(request.method, path)

    def _answer(self, method: str, path: str) -> httpx.Response:
        if path == "/v1/decisions":
            return httpx.Response(200, json=DECISION)
        if path == "/v1/turns":
            return httpx.Response(200, json={"turn_id": "t-1", "decisions": [DECISION, DECISION]})
        if method == "GET":
            return httpx.Response(200, json={"features": []})
        return httpx.Response(202, json={"accepted": 2, "duplicates": 1})

    def client(self, **more: Any) -> Client:
        return Client("http://double", transport=httpx.MockTransport(self), **more)

    def async_client(self, **more: Any) -> AsyncClient:
        return AsyncClient("http://double", transport=httpx.MockTransport(self), **more)


def refuse_connection(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def refuse_body(request: httpx.Request) -> httpx.Response:
    problem = {"type": "tag:maitred,2025:x", "title": "No", "status": 422, "detail": "too long", "field": "session_id"}
    return httpx.Response(422, json=problem, headers={"content-type": "application/problem+json"})


def crash(request: httpx.Request) -> httpx.Response:
    return httpx.Response(502, text="<html>bad gateway</html>")


def talk_nonsense(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="[]")


ASK = Ask(
    placement="greeting",
    session_id="s-1",
    user_id="u-1",
    consent=True,
    context={"device": "mobile", "utc_offset_minutes": 60},
    actions=[Offered(id="own", features={"tone": "casual"}, text="Hey")],
    exclude=["hello"],
)


def test_a_decision_is_asked_for_as_the_api_takes_it_and_read_as_it_answers() -> None:
    double = ServiceDouble()
    with double.client() as client:
        decision = client.decide(ASK)
    method, path, body = double.asked[0]
    assert (method, path) == ("POST", "/v1/decisions")
    assert body["context"] == {"device": "mobile", "utc_offset_minutes": 60}
    assert body["decision_id"] == ASK.decision_id
    assert decision.action is not None
    assert decision.action.content["text"] == "Hi!"
    assert [ranked.id for ranked in decision.ranking] == ["hello", "hey"]


def test_both_clients_make_the_same_calls() -> None:
    turn = Turn(session_id="s/1", placements=["greeting", "offer"], consent=True)
    outcomes = (Outcome(decision_id="d-1", metric="clicked"), Outcome(decision_id="d-1", metric="bought", value=2.0))
    happened = Events(events=[Event(event="product_viewed", properties={"category": "books"})], user_id="u-1")
    blocking, asynchronous = ServiceDouble(), ServiceDouble()

    def calls(client: Any) -> list[Any]:
        return [
            client.decide(ASK),
            client.turn(turn),
            client.report(*outcomes),
            client.shown("d/1"),
            client.track("s/1", happened),
            client.explain("d/1"),
            client.ready(),
        ]

    async def awaited() -> list[Any]:
        async with asynchronous.async_client() as client:
            return [await call for call in calls(client)]

    with blocking.client() as client:
        answers = calls(client)
    assert asyncio.run(awaited()) == answers
    assert asynchronous.asked == blocking.asked
    assert answers[2] == Accepted(accepted=2, duplicates=1)
    assert [path for _, path, _ in blocking.asked][3:6] == [
        "/v1/decisions/d%2F1/shown",
        "/v1/sessions/s%2F1/events",
        "/v1/decisions/d%2F1",
    ]


def test_a_correction_names_what_it_corrects() -> None:
    double = ServiceDouble()
    with double.client() as client:
        client.report(Outcome(decision_id="d-1", metric="bought", value=0.0, corrects="o-1"))
    assert double.asked[0][2]["outcomes"][0]["corrects"] == "o-1"


def test_a_call_without_an_answer_is_repeated_with_the_same_ids() -> None:
    double = ServiceDouble([refuse_connection])
    with double.client() as client:
        client.report(Outcome(decision_id="d-1", metric="clicked"))
    assert len(double.asked) == 2
    assert double.asked[0] == double.asked[1]
    assert double.asked[0][2]["outcomes"][0]["outcome_id"]


@pytest.mark.parametrize("attempts", [1, 3])
def test_no_answer_at_all_is_unreachable_after_the_last_attempt(attempts: int) -> None:
    double = ServiceDouble([refuse_connection] * 5)
    with double.client(attempts=attempts) as client, pytest.raises(Unreachable, match="POST /v1/decisions"):
        client.decide(ASK)
    assert len(double.asked) == attempts


def test_a_refusal_is_not_repeated_and_names_the_field() -> None:
    double = ServiceDouble([refuse_body])
    with double.client() as client, pytest.raises(ProblemError, match="422 No: too long") as caught:
        client.decide(ASK)
    assert (caught.value.status, caught.value.problem.field) == (422, "session_id")
    assert len(double.asked) == 1


def test_a_failure_that_is_no_problem_document_is_still_a_problem() -> None:
    with ServiceDouble([crash]).client() as client, pytest.raises(ProblemError, match="502") as caught:
        client.explain("d-1")
    assert "bad gateway" in caught.value.problem.detail


def test_an_answer_that_is_not_as_agreed_is_an_error() -> None:
    with ServiceDouble([talk_nonsense]).client() as client, pytest.raises(ClientError, match="not as agreed"):
        client.decide(ASK)


def test_a_service_is_ready_only_if_it_says_so() -> None:
    async def asked(double: ServiceDouble) -> bool:
        async with double.async_client(attempts=1) as client:
            return await client.ready()

    assert asyncio.run(asked(ServiceDouble()))
    assert not asyncio.run(asked(ServiceDouble([crash])))
    assert not asyncio.run(asked(ServiceDouble([refuse_connection])))


def test_the_client_needs_neither_the_service_nor_its_web_framework() -> None:
    unwanted = ("fastapi", "feast", "vowpalwabbit", "api.app")
    code = f"import sys, api.client; print([name for name in {unwanted} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
