"""Malformed requests: a 4xx that names the field, in one shape, and nothing changed."""

from __future__ import annotations

import json

import pytest

SHAPE = {"type", "title", "status", "detail"}
DECISION = {"placement": "greeting", "session_id": "s"}
DEEP = "[" * 10_000


@pytest.mark.parametrize(
    ("route", "body", "status", "field"),
    [
        ("/v1/decisions", "{", 400, None),
        ("/v1/decisions", "", 400, None),
        ("/v1/decisions", b'{"placement": "\xff"}', 400, None),
        ("/v1/decisions", r'{"placement": "\ud800"}', 400, None),
        ("/v1/decisions", '{"x": 1e999,', 400, None),
        ("/v1/decisions", r'{"x": 1e999, "\ud800": 1, "\ud800": 2}', 400, "?"),
        ("/v1/decisions", {**DECISION, "actions": [{"id": "a", "text": " \n"}]}, 422, "actions[0].text"),
        ("/v1/decisions", DEEP, 422, "$"),
        ("/v1/decisions", '{"x": ' + DEEP, 422, "$"),
        ("/v1/decisions", '{"x": ' + DEEP[:100] + "]" * 100 + "}", 422, "$"),
        ("/v1/decisions", '{"placement": "greeting", "session_id": "s", "session_id": "t"}', 400, "session_id"),
        ("/v1/decisions", {**DECISION, "session_id": "s\n"}, 422, "session_id"),
        ("/v1/decisions", {**DECISION, "actions": [{"id": "a"}, {"id": "b"}, {"id": "a"}]}, 422, "actions[2].id"),
        ("/v1/decisions", {}, 422, "placement"),
        ("/v1/decisions", {"placement": "greeting"}, 422, "session_id"),
        ("/v1/decisions", {**DECISION, "placement": 1}, 422, "placement"),
        ("/v1/decisions", {**DECISION, "placement": "nope"}, 404, "placement"),
        ("/v1/decisions", {**DECISION, "session_id": ""}, 422, "session_id"),
        ("/v1/decisions", {**DECISION, "user_id": "x" * 129}, 422, "user_id"),
        ("/v1/decisions", {**DECISION, "misspelt": 1}, 422, "misspelt"),
        ("/v1/decisions", {**DECISION, "context": {"a": {"b": 1}}}, 422, "context.a"),
        ("/v1/decisions", {**DECISION, "context": {"a": "x" * 5_000}}, 422, "context.a"),
        ("/v1/decisions", {**DECISION, "context": {"a": 2**60}}, 422, "context.a"),
        ("/v1/decisions", json.dumps({**DECISION, "context": {"a": float("nan")}}), 400, None),
        ("/v1/decisions", '{"placement": "greeting", "session_id": "s", "context": {"a": 1e999}}', 422, "context.a"),
        ("/v1/decisions", {**DECISION, "actions": []}, 422, "actions"),
        ("/v1/decisions", {**DECISION, "actions": [{"id": f"{i}"} for i in range(201)]}, 422, "actions"),
        ("/v1/turns", {"session_id": "s", "placements": []}, 422, "placements"),
        ("/v1/turns", {"session_id": "s", "placements": ["offer", "offer"]}, 422, "placements"),
        ("/v1/turns", {"session_id": "s", "placements": ["offer", "nope"]}, 404, "placement"),
        ("/v1/outcomes", {"decision_id": "d"}, 422, "metric"),
        ("/v1/outcomes", {"decision_id": "d", "metric": "m", "value": "1"}, 422, "value"),
        ("/v1/outcomes", {"decision_id": "d", "metric": "m", "value": 1e9}, 422, "value"),
        ("/v1/outcomes", {"decision_id": "d", "metric": "m", "value": 1, "at": "yesterday"}, 422, "at"),
        ("/v1/outcomes", {"outcomes": [{"decision_id": "d"}]}, 422, "outcomes[0].metric"),
        ("/v1/sessions/s/events", {"events": []}, 422, "events"),
        ("/v1/sessions/s/events", {"events": [{"event": "e", "properties": {"p": []}}]}, 422, "events[0].properties.p"),
        ("/v1/decisions/unknown/shown", {}, 404, None),
        ("/v1/nowhere", {}, 404, None),
    ],
)
def test_malformed_requests_name_the_field_and_change_nothing(deployment, route, body, status, field):
    before = deployment.journal_position()
    content = json.dumps(body) if isinstance(body, dict) else body
    response = deployment.client.post(route, content=content)
    problem = response.json()
    assert (response.status_code, problem.get("field")) == (status, field), problem
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["status"] == status
    assert set(problem) >= SHAPE
    assert deployment.journal_position() - before <= 1, "only the learner's tick may have been added"


def test_a_body_over_the_limit_is_refused(deployment):
    response = deployment.client.post("/v1/decisions", content=b"x" * 300_000)
    assert (response.status_code, response.json()["type"]) == (413, "urn:maitred:problem:too-large")


def test_a_body_that_never_says_how_long_it_is_is_refused_at_the_limit(deployment):
    chunks = (b"x" * 10_000 for _ in range(100))
    assert deployment.client.post("/v1/decisions", content=chunks).status_code == 413


def test_other_methods_are_refused_in_the_same_shape(deployment):
    response = deployment.client.delete("/v1/decisions")
    assert (response.status_code, response.headers["content-type"]) == (405, "application/problem+json")


def test_an_unknown_decision_is_not_found(deployment):
    assert deployment.client.get("/v1/decisions/unknown").status_code == 404
