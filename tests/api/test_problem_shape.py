"""Whatever a route is sent, and whatever breaks behind it: an answer, or one shape of problem. Walks every route."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.problems import KINDS, MEDIA_TYPE, OTHER, TYPE_PREFIX

TYPES = {TYPE_PREFIX + kind.name for kind in KINDS} | {TYPE_PREFIX + OTHER}
SECRET = "the password is swordfish"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
HOSTILE_PARTS = ("%2F", "a%2Fb", "%00", "a%0Ab", "%FF%FE", "%ED%A0%80", "%zz", "..", "a" * 129, "a" * 50_000, "😀")
NEVER_BODIES = (b"", b"{", b"null", b"[]", b"3", b"{}", b"\xff", b"[" * 9_999, b'{"unknown": 1}', b"x" * 300_000)
NEVER_VALUES = (None, [], {}, "", "x" * 5_000, -1, 10**400, {"a": {"b": 1}}, [None], [[]], "\ud800")


class Broken:
    """A part that is asked for anything at the worst of times."""

    def __init__(self, **working: Any) -> None:
        self.__dict__.update(working)

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"{SECRET}: {name}")


@pytest.fixture(scope="module")
def operations(edge) -> list[tuple[str, str, Any]]:
    """Every (method, path, example body) of the application."""
    return [
        (method.upper(), path, _example(operation))
        for path, by_method in edge.app.openapi()["paths"].items()
        for method, operation in by_method.items()
    ]


def test_every_method_that_a_route_does_not_have_is_refused(edge, operations):
    paths = {path: {method for method, other, _ in operations if other == path} for _, path, _ in operations}
    for path, has in paths.items():
        for method in set(METHODS) - has:
            answer = edge.send(method, _filled(path))
            assert answer.status_code in (404, 405), (method, path, answer.text)
            if method == "HEAD":
                assert (answer.headers["content-type"], answer.content) == (MEDIA_TYPE, b"")
            else:
                check_problem(answer)


def test_every_path_parameter_takes_anything(edge, operations):
    for method, path, example in operations:
        for part in HOSTILE_PARTS if "{" in path else ():
            answer = edge.send(method, _filled(path, part), json=example)
            assert answer.status_code < 500, (method, path, part)
            check_answer(answer)


def test_every_body_that_is_not_one_is_refused_and_nothing_is_recorded(edge, operations):
    before = edge.service.journal.last_position()
    for method, path, _ in _taking_a_body(operations):
        for body in NEVER_BODIES:
            answer = edge.send(method, _filled(path), content=body)
            assert 400 <= answer.status_code < 500, (path, body[:20], answer.text)
            check_problem(answer)
    assert edge.service.journal.last_position() == before


def test_every_member_of_every_body_may_be_wrong(edge, operations):
    for method, path, example in _taking_a_body(operations):
        for spoilt in _spoilt(example):
            answer = edge.send(method, _filled(path), content=_json(spoilt))
            assert answer.status_code < 500, (path, spoilt, answer.text)
            check_answer(answer)


def test_every_route_keeps_what_went_wrong_to_itself(own_edge, operations):
    service = own_edge.service
    for method, path, example in operations:
        own_edge.app.state.service = Broken(metrics=service.metrics, ready=True)
        answer = own_edge.send(method, _filled(path), json=example)
        own_edge.app.state.service = service
        if answer.status_code < 400:
            assert path == "/healthz", (method, path)
            continue
        if method == "HEAD":
            assert (answer.status_code, answer.headers["content-type"], answer.content) == (500, MEDIA_TYPE, b"")
            continue
        problem = check_problem(answer)
        assert (answer.status_code, problem["type"]) == (500, TYPE_PREFIX + "internal")
        assert SECRET not in answer.text
        assert "RuntimeError" not in answer.text


def test_no_route_fails_while_the_journal_takes_nothing_and_a_refusal_says_when_to_retry(own_edge, operations):
    decision_id = own_edge.send("POST", "/v1/decisions", json=_of(operations, "/v1/decisions")).json()["decision_id"]
    own_edge.run(own_edge.service.commits.close())
    refused = set()
    for method, path, example in operations:
        answer = own_edge.send(method, _filled(path, decision_id), json=example)
        if answer.status_code >= 400:
            assert (answer.status_code, check_problem(answer)["type"]) == (503, TYPE_PREFIX + "journal-unavailable")
            assert int(answer.headers["retry-after"]) >= 1
            refused.add(path)
    assert refused == {"/v1/outcomes", "/v1/sessions/{session_id}/events", "/v1/decisions/{decision_id}/shown"}


def test_a_service_that_is_not_warm_says_when_to_ask_again(own_edge):
    own_edge.service.ready = False
    answer = own_edge.send("GET", "/readyz")
    assert (answer.status_code, check_problem(answer)["type"]) == (503, TYPE_PREFIX + "not-ready")
    assert int(answer.headers["retry-after"]) >= 1


def test_problems_are_counted_by_type(own_edge):
    for path in ("/v1/nowhere", "/v1/decisions/unknown", "/v1/nowhere/else"):
        own_edge.send("GET", path)
    own_edge.send("POST", "/v1/outcomes", content=b"{")
    assert _counted(own_edge) == {"not-found": 3.0, "malformed-json": 1.0}


def test_a_caller_cannot_make_new_label_values(own_edge, operations):
    example = _of(operations, "/v1/decisions")
    for n in range(20):
        own_edge.send("POST", "/v1/decisions", json={**example, "placement": f"p{n}", "decision_id": None})
        own_edge.send("POST", "/v1/decisions", json={**example, "session_id": f"s{n}", "user_id": f"u{n}"})
        own_edge.send(METHODS[n % len(METHODS)], f"/v1/{n}")
    labels = {
        (sample.name, name, value)
        for metric in own_edge.service.metrics.registry.collect()
        for sample in metric.samples
        for name, value in sample.labels.items()
        if name != "le"
    }
    assert {value for _, name, value in labels if name == "placement"} <= own_edge.service.decider.placements.keys()
    assert {value for _, name, value in labels if name == "group"} <= {"champion", "random", "control"}
    reasons = {(sample, value) for sample, name, value in labels if name == "reason"}
    assert {value for sample, value in reasons if "quarantined" not in sample} <= {"policy", "random", "control"}
    assert {TYPE_PREFIX + value for sample, value in reasons if "quarantined" in sample} <= TYPES
    assert {TYPE_PREFIX + value for _, name, value in labels if name == "type"} <= TYPES


def check_answer(answer: httpx.Response) -> None:
    if answer.status_code >= 400:
        check_problem(answer)


def check_problem(answer: httpx.Response) -> dict[str, Any]:
    """RFC 9457, with a type that is documented."""
    assert answer.headers["content-type"] == MEDIA_TYPE, (answer.request.url, answer.text)
    problem: dict[str, Any] = json.loads(answer.content)
    assert problem.keys() - {"field", "limit"} == {"type", "title", "status", "detail"}
    assert problem["status"] == answer.status_code
    assert problem["type"] in TYPES
    assert problem["title"]
    assert problem["detail"]
    return problem


def _example(operation: dict[str, Any]) -> Any:
    return operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")


def _taking_a_body(operations: list[tuple[str, str, Any]]) -> list[tuple[str, str, Any]]:
    return [operation for operation in operations if operation[2] is not None]


def _of(operations: list[tuple[str, str, Any]], path: str) -> Any:
    return next(example for _, other, example in operations if other == path and example is not None)


def _filled(path: str, part: str = "x-1") -> str:
    return path.replace("{decision_id}", part).replace("{session_id}", part)


def _spoilt(value: Any) -> Iterator[Any]:
    """The value with each of its parts, at any depth, left out or replaced by something it may not be."""
    yield from NEVER_VALUES
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        if isinstance(value, dict):
            yield {name: item for name, item in value.items() if name != key}
            yield {**value, key + "\0": 1}
        for spoilt in _spoilt(value[key]):
            copy = value.copy()
            copy[key] = spoilt
            yield copy


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _counted(edge: Any) -> dict[str, float]:
    samples = next(iter(edge.service.metrics.problems.collect())).samples
    return {sample.labels["type"]: sample.value for sample in samples if sample.name.endswith("_total")}
