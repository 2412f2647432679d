"""What was refused can be listed, by route, verb and metric, and says nothing that a request contained."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi import Request

from api.doctor.scrape import parse
from api.refused import refusal_of
from engine.quarantine import Quarantine
from engine.refusal import Refusal

SECRET = "ada@example.com"
ASKED = {"placement": "greeting", "session_id": "s"}


def listed(edge: Any) -> dict[tuple[str, str, str], int]:
    answer = edge.send("GET", "/v1/quarantine")
    assert answer.status_code == 200
    return {(row["where"], row["subject"], row["reason"]): row["count"] for row in answer.json()["quarantined"]}


def metric(edge: Any) -> dict[tuple[str, str], float]:
    samples = parse(edge.send("GET", "/metrics").text).values.get("maitred_quarantined_total", {})
    return {(dict(labels)["where"], dict(labels)["reason"]): value for labels, value in samples.items()}


def test_refused_requests_are_listed_by_route_and_problem_and_counted(own_edge):
    bodies = (
        {**ASKED, "session_id": 5},
        {**ASKED, "session_id": ""},
        {**ASKED, SECRET: 1},
        {**ASKED, "context": {SECRET: [SECRET]}},
        {**ASKED, "context": {SECRET: SECRET * 1_000}},
        {**ASKED, "actions": [{"id": "a"}, {"id": "a"}]},
        {**ASKED, "actions": [{"id": "a", "features": {SECRET: None}}]},
        {**ASKED, "placement": SECRET},
    )
    own_edge.send("POST", "/v1/decisions", content=json.dumps({SECRET: 1})[:-1] + f', "{SECRET}": 2}}')
    for body in bodies:
        assert own_edge.send("POST", "/v1/decisions", json=body).status_code >= 400
    own_edge.send("POST", "/v1/outcomes", content=b"{")
    own_edge.send("GET", f"/v1/decisions/{SECRET}")
    own_edge.send("GET", f"/v1/{SECRET}")
    assert listed(own_edge) == {
        ("request", "POST /v1/decisions: session_id", "invalid-body"): 2,
        ("request", "POST /v1/decisions", "invalid-body"): 1,
        ("request", "POST /v1/decisions: context", "bad-request"): 1,
        ("request", "POST /v1/decisions: context", "limit-exceeded"): 1,
        ("request", "POST /v1/decisions: actions[].id", "bad-request"): 1,
        ("request", "POST /v1/decisions: actions[].features", "bad-request"): 1,
        ("request", "POST /v1/decisions: placement", "unknown-placement"): 1,
        ("request", "POST /v1/decisions", "duplicate-key"): 1,
        ("request", "POST /v1/outcomes", "malformed-json"): 1,
        ("request", "GET /v1/decisions/{decision_id}", "not-found"): 1,
        ("request", "no such route", "not-found"): 1,
    }
    assert metric(own_edge) == {
        ("request", "invalid-body"): 3.0,
        ("request", "bad-request"): 3.0,
        ("request", "limit-exceeded"): 1.0,
        ("request", "unknown-placement"): 1.0,
        ("request", "duplicate-key"): 1.0,
        ("request", "malformed-json"): 1.0,
        ("request", "not-found"): 2.0,
    }
    assert SECRET.encode() not in own_edge.service.settings.quarantine_path.read_bytes()


def test_context_made_safe_is_answered_listed_and_counted(own_edge):
    for n in range(3):
        body = {**ASKED, "session_id": f"s{n}", "decision_id": f"d{n}", "context": {"sentiment": SECRET}}
        for _ in range(2):
            answer = own_edge.send("POST", "/v1/decisions", json=body)
            assert (answer.status_code, answer.json()["degraded"]) == (200, ["context:sentiment"])
    (row,) = own_edge.send("GET", "/v1/quarantine").json()["quarantined"]
    assert (
        row.items()
        >= {
            "where": "context",
            "subject": "sentiment",
            "reason": "string-for-float",
            "count": 3,
            "decision_id": "d2",
        }.items()
    )
    assert row["first_us"] < row["last_us"]
    assert metric(own_edge) == {("context", "string-for-float"): 3.0}
    assert 'maitred_degraded_total{part="context:sentiment"}' in own_edge.send("GET", "/metrics").text


def test_what_the_learner_refused_is_listed_and_counted_by_the_service(own_edge):
    with Quarantine(own_edge.service.settings.quarantine_path) as learners:
        learners.note(Refusal("learning", "greeting", "forgotten", "d1", position=5))
        learners.flush()
        assert listed(own_edge) == {("learning", "greeting", "forgotten"): 1}
        assert metric(own_edge) == {("learning", "forgotten"): 1.0}
        for position in (6, 7):
            learners.note(Refusal("learning", "offer", "forgotten", "d2", position=position))
    assert metric(own_edge) == {("learning", "forgotten"): 3.0}
    assert metric(own_edge) == {("learning", "forgotten"): 3.0}


def test_decisions_are_answered_while_the_quarantine_cannot_be_written(own_edge):
    path = own_edge.service.settings.quarantine_path
    path.write_bytes(b"no database" * 500)
    answer = own_edge.send("POST", "/v1/decisions", json={**ASKED, "context": {"sentiment": "x"}})
    assert answer.status_code == 200
    assert own_edge.send("POST", "/v1/decisions", content=b"{").status_code == 400
    assert sum(listed(own_edge).values()) == 2
    assert metric(own_edge) == {("context", "string-for-float"): 1.0, ("request", "malformed-json"): 1.0}


@pytest.mark.parametrize(
    ("field", "kept"),
    [
        (None, "GET /x/{id}"),
        ("$", "GET /x/{id}"),
        ("actions[17].id", "GET /x/{id}: actions[].id"),
        ("events[3].properties.secret", "GET /x/{id}: events[].properties"),
        ("context.secret.properties", "GET /x/{id}: context"),
        ("context.line\nbreak", "GET /x/{id}: context"),
        ("context[...]", "GET /x/{id}: context"),
        ("misspelt", "GET /x/{id}"),
    ],
)
def test_a_field_is_kept_as_the_schema_has_it(field, kept):
    class Route:
        path_format = "/x/{id}"

    request = Request({"type": "http", "method": "GET", "headers": [], "route": Route()})
    assert refusal_of(request, "invalid-body", field).subject == kept


def test_the_verb_lists_what_was_refused(run_verb, tmp_path):
    assert "Nothing was refused." in run_verb("quarantine", home=tmp_path).stdout
    with Quarantine(tmp_path / "quarantine.db") as quarantine:
        quarantine.note(Refusal("context", "sentiment", "string-for-float", "d-1"))
        quarantine.note(Refusal("context", "sentiment", "string-for-float"))
    rows = json.loads(run_verb("quarantine", "--json", home=tmp_path).stdout)["quarantined"]
    assert [(row["subject"], row["count"], row["decision_id"]) for row in rows] == [("sentiment", 2, "d-1")]
    table = run_verb("quarantine", home=tmp_path)
    assert all(word in table.stdout for word in ("context", "sentiment", "string-for-float", "d-1"))


def test_the_verb_says_so_if_the_file_cannot_be_read(run_verb, tmp_path):
    (tmp_path / "quarantine.db").write_bytes(b"no database" * 500)
    answer = run_verb("quarantine", home=tmp_path)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "quarantine.db cannot be read" in answer.stderr
