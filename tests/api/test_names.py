"""Names: ids without control characters, action ids once; features named as anybody likes, safe all the way."""

from __future__ import annotations

import pytest

from features.declared import VIEWS

HOSTILE = [
    "a|b",
    "a:b",
    "a b",
    "line\nbreak",
    "carriage\r\n\r\nreturn",
    "tab\t",
    "nul\0inside",
    "\0",
    "\x1b[31mred",
    "\x7f",
    "\x85",
    "\u2028",
    "\u202egnp",
    "😀👩‍👩‍👧",
    "{{ user.first_name }}",
    "{% include 'x' %}",
    "'; DROP TABLE journal; --",
    "request.channel",
    "__proto__",
    "id",
    "5",
    "=?",
    "~missing",
    "x" * 128,
]
CONTROLS = ["\0", "a\0b", "a\n", "\ta", "a\x1b[2J", "a\x7f", "a\x85b", "a\r\nb"]
ID_FIELDS = [
    ("/v1/decisions", {"placement": "greeting", "session_id": "s"}, field)
    for field in ("placement", "session_id", "user_id", "decision_id")
] + [
    ("/v1/turns", {"session_id": "s", "placements": ["greeting"]}, field)
    for field in ("session_id", "user_id", "turn_id")
] + [
    ("/v1/outcomes", {"decision_id": "d", "metric": "clicked", "value": 1}, field)
    for field in ("decision_id", "metric", "outcome_id", "corrects")
]  # fmt: skip


def decide(edge, **more):
    return edge.send("POST", "/v1/decisions", json={"placement": "greeting", "session_id": "s", **more})


@pytest.mark.parametrize("bad", CONTROLS)
@pytest.mark.parametrize(("route", "body", "field"), ID_FIELDS)
def test_an_id_with_a_control_character_is_refused_by_name(edge, route, body, field, bad):
    answer = edge.send("POST", route, json={**body, field: bad})
    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (422, field)
    assert "without control characters" in problem["detail"]


@pytest.mark.parametrize("bad", CONTROLS)
@pytest.mark.parametrize(
    ("more", "field"),
    [("actions", "actions[0].id"), ("exclude", "exclude[...]")],
)
def test_an_action_id_with_a_control_character_is_refused(edge, more, field, bad):
    problem = decide(edge, **{more: [{"id": bad}] if more == "actions" else [bad]}).json()
    assert problem["status"] == 422
    assert problem["field"].startswith(field.removesuffix("[...]"))


@pytest.mark.parametrize("bad", CONTROLS)
@pytest.mark.parametrize("member", ["event", "message_id"])
def test_an_event_with_a_control_character_in_its_name_is_refused(edge, member, bad):
    answer = edge.send("POST", "/v1/sessions/s/events", json={"events": [{"event": "e", member: bad}]})
    assert (answer.status_code, answer.json()["field"]) == (422, f"events[0].{member}")


def test_an_action_id_given_twice_is_refused_at_its_second_place(edge):
    answer = decide(edge, actions=[{"id": "a"}, {"id": "b"}, {"id": "a", "features": {"x": 1}}])
    assert (answer.status_code, answer.json()["field"]) == (422, "actions[2].id")
    assert answer.json()["type"] == "urn:maitred:problem:bad-request"


def test_an_action_excluded_twice_is_excluded(edge):
    actions = [{"id": "a"}, {"id": "b"}]
    assert decide(edge, actions=actions, exclude=["a", "a"]).json()["action"]["id"] == "b"


@pytest.mark.parametrize("text", HOSTILE)
def test_features_may_be_named_and_valued_by_any_text(edge, text):
    """Through policy, journal, explanation and the next decision; the model is asked, not the fallback."""
    offered = [{"id": "one", "features": {text: text}, "text": f"Look: {text}"}, {"id": "two", "features": {text: 1.5}}]
    answer = decide(edge, context={text: text, "intent": text}, actions=offered)
    assert answer.status_code == 200, answer.text
    decision = answer.json()
    assert decision["degraded"] == []
    explained = edge.send("GET", f"/v1/decisions/{decision['decision_id']}").json()
    assert explained["context"] == {text: text, "intent": text}
    features = {feature["name"]: feature["value"] for feature in explained["features"]}
    assert features[f"request.{text}"] == text
    assert features["request.intent"] == text
    assert set(explained["freshness"]) == {view.name for view in VIEWS if view.join_key is not None}


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_visitor_did_may_be_any_text(edge, text):
    happened = {"events": [{"event": "e", "properties": {text: text, "page": text, "seconds_on_page": text}}]}
    assert edge.send("POST", "/v1/sessions/hostile/events", json=happened).status_code == 202
    decision = edge.send("POST", "/v1/decisions", json={"placement": "offer", "session_id": "hostile"}).json()
    explained = edge.send("GET", f"/v1/decisions/{decision['decision_id']}").json()
    features = {feature["name"]: feature["value"] for feature in explained["features"]}
    assert features["session_state.page"] == text


def test_metrics_stay_readable_after_hostile_names(edge):
    for text in HOSTILE:
        decide(edge, context={text: text})
        edge.send("POST", "/v1/decisions", json={text: text})
    lines = edge.send("GET", "/metrics").text.splitlines()
    assert all(line.startswith(("#", "maitred_", "python_", "process_")) for line in lines)
