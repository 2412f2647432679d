"""Corrections over HTTP: an outcome says which other one's place it takes, and is told with it."""

from __future__ import annotations


def test_a_correction_is_taken_and_told(edge):
    asked = edge.send("POST", "/v1/decisions", json={"placement": "greeting", "session_id": "s"}).json()
    outcome = {"decision_id": asked["decision_id"], "metric": "continued"}
    wrong = {**outcome, "value": 5, "outcome_id": "o"}
    right = {**outcome, "value": 1, "outcome_id": "p", "corrects": "o"}
    assert edge.send("POST", "/v1/outcomes", json={"outcomes": [wrong, right]}).json()["accepted"] == 2
    assert edge.send("POST", "/v1/outcomes", json=right).json()["duplicates"] == 1
    told = edge.send("GET", f"/v1/decisions/{asked['decision_id']}").json()["outcomes"]
    assert [(each["outcome_id"], each["value"], each["corrects"]) for each in told] == [("o", 5, None), ("p", 1, "o")]


def test_the_documentation_says_what_corrects_is(edge):
    schemas = edge.send("GET", "/openapi.json").json()["components"]["schemas"]
    assert "takes its place" in str(schemas["OutcomeBody"]["properties"]["corrects"])
