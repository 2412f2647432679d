"""How much one request may ask for: settable up to a ceiling, stated where it is exceeded, quick to refuse."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.json import Decoder
from pydantic import ValidationError

from api.body import parsed
from api.limits import CEILING, LEAST_DEPTH, LimitExceeded, Limits
from api.schemas import MOST_PURPOSES, DecisionBody, EventsBody, OutcomesBody, TurnBody
from api.settings import Settings

ASKED = {"placement": "greeting", "session_id": "s"}
DECISIONS, TURNS, OUTCOMES, EVENTS = "/v1/decisions", "/v1/turns", "/v1/outcomes", "/v1/sessions/s/events"


def actions(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"id": f"a{n}", **more} for n in range(count)]


def outcomes(count: int) -> list[dict[str, Any]]:
    return [{"decision_id": f"d{n}", "metric": "m", "value": 1} for n in range(count)]


def events(count: int, **properties: Any) -> list[dict[str, Any]]:
    return [{"event": f"e{n}", "properties": properties} for n in range(count)]


def keys(count: int) -> dict[str, int]:
    return {f"k{n}": n for n in range(count)}


EXCEEDING = [
    pytest.param(DECISIONS, {**ASKED, "actions": actions(5_000)}, "max_actions", 5_000, "actions", id="actions"),
    pytest.param(DECISIONS, {**ASKED, "exclude": ["x"] * 201}, "max_actions", 201, "exclude", id="exclude"),
    pytest.param(
        DECISIONS,
        {**ASKED, "actions": [{"id": "few"}, {"id": "many", "features": keys(65)}]},
        "max_action_features",
        65,
        "actions[1].features",
        id="features",
    ),
    pytest.param(DECISIONS, {**ASKED, "context": keys(129)}, "max_context_keys", 129, "context", id="context"),
    pytest.param(DECISIONS, {**ASKED, "context": {"k": "ü" * 4_097}}, "max_text_length", 4_097, "context.k", id="text"),
    pytest.param(
        TURNS, {"session_id": "s", "placements": [*map(str, range(17))]}, "max_placements", 17, "placements", id="turn"
    ),
    pytest.param(OUTCOMES, {"outcomes": outcomes(1_001)}, "max_outcomes", 1_001, "outcomes", id="outcomes"),
    pytest.param(EVENTS, {"events": events(101)}, "max_events", 101, "events", id="events"),
    pytest.param(
        EVENTS, {"events": events(1, **keys(129))}, "max_context_keys", 129, "events[0].properties", id="properties"
    ),
]


@pytest.mark.parametrize(("route", "body", "name", "found", "field"), EXCEEDING)
def test_a_limit_that_is_exceeded_is_stated(edge, route, body, name, found, field):
    answer = edge.send("POST", route, json=body)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "urn:maitred:problem:limit-exceeded")
    assert problem["limit"] == {"name": name, "most": getattr(Limits(), name), "found": found}
    assert problem["field"] == field
    assert f"MAITRED_{name.upper()}" in problem["detail"]


def test_a_body_that_is_too_large_is_told_how_large_it_may_be(edge):
    problem = edge.send("POST", DECISIONS, content=b"x" * 300_000).json()
    assert problem["limit"] == {"name": "max_body_bytes", "most": 262_144, "found": 300_000}


FULL = [
    (DecisionBody, {**ASKED, "actions": actions(200, features=keys(64)), "exclude": ["x"] * 200}),
    (DecisionBody, {**ASKED, "context": {**keys(127), "text": "x" * 4_096}}),
    (TurnBody, {"session_id": "s", "placements": ["p"] * 16}),
    (OutcomesBody, {"outcomes": outcomes(1_000)}),
    (EventsBody, {"events": events(100, **keys(128))}),
]


@pytest.mark.parametrize(("decoder", "body"), FULL)
def test_as_much_as_a_limit_allows_is_taken(decoder, body):
    parsed(msgspec.json.encode(body), Limits()).decoded(Decoder(decoder))


@pytest.mark.parametrize("name", asdict(CEILING))
def test_a_limit_can_be_set_up_to_its_ceiling_and_no_further(monkeypatch, tmp_path: Path, name):
    ceiling = getattr(CEILING, name)
    monkeypatch.setenv(f"MAITRED_{name.upper()}", str(ceiling))
    assert getattr(Settings(home=tmp_path).limits, name) == ceiling
    monkeypatch.setenv(f"MAITRED_{name.upper()}", str(ceiling + 1))
    with pytest.raises(ValidationError) as refused:
        Settings(home=tmp_path)
    assert [error["loc"] for error in refused.value.errors()] == [(name,)]


def test_the_settings_defaults_are_the_limits_own(monkeypatch, tmp_path: Path):
    for name in asdict(CEILING):
        monkeypatch.delenv(f"MAITRED_{name.upper()}", raising=False)
    assert Settings(home=tmp_path).limits == Limits()


def test_a_service_may_never_be_asked_for_more_than_the_ceilings():
    schemas = [json.dumps(msgspec.json.schema(body)) for body in (DecisionBody, TurnBody, OutcomesBody, EventsBody)]
    stated = {int(most) for schema in schemas for most in re.findall(r'"max(?:Items|Properties)": (\d+)', schema)}
    assert stated == {
        CEILING.max_actions,
        CEILING.max_action_features,
        CEILING.max_context_keys,
        CEILING.max_placements,
        CEILING.max_outcomes,
        CEILING.max_events,
        MOST_PURPOSES,
    }


@pytest.mark.parametrize("body", [{"actions": 5, "context": [1], "events": [None, {"properties": 1}]}, [], 3, None])
def test_parts_of_a_wrong_type_are_left_to_whoever_decodes_them(body):
    Limits(max_actions=1, max_context_keys=1, max_text_length=1).check(body, 100)


@pytest.mark.parametrize("unit", [b"[", b'{"a":', b'[{"a":'])
@pytest.mark.parametrize("depth", [17, 900, 10_000, 40_000])
@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("at", [b"%s", b'{"context": {"a": %s}}', b'{"unknown": %s}', b'{"outcomes": %s}'])
def test_a_body_of_any_depth_is_refused(edge, unit, depth, closed, at):
    ends = {b"[": b"]", b'{"a":': b"}", b'[{"a":': b"}]"}
    deep = unit * depth + (b"1" + ends[unit] * depth if closed else b"")
    answers = [edge.send("POST", route, content=at % deep) for route in (DECISIONS, TURNS, OUTCOMES, EVENTS)]
    kinds = {answer.json()["type"].removeprefix("urn:maitred:problem:") for answer in answers}
    assert kinds <= {"limit-exceeded", "malformed-json", "too-large"}
    assert {answer.status_code for answer in answers} <= {400, 413, 422}


@pytest.mark.parametrize(("depth", "allowed"), [(1, True), (4, True), (5, False), (300, False)])
def test_depth_is_counted_exactly(depth, allowed):
    limits = replace(Limits(), max_depth=4)
    plain = msgspec.json.decode(b"[" * depth + b"]" * depth)
    if allowed:
        limits.check_depth(plain)
    else:
        with pytest.raises(LimitExceeded):
            limits.check_depth(plain)


def test_the_deepest_body_there_is_passes_the_least_depth_that_can_be_set():
    body = {**ASKED, "actions": actions(1, features={"f": 1})}
    Limits(max_depth=LEAST_DEPTH).check_depth(body)
    with pytest.raises(LimitExceeded):
        Limits(max_depth=LEAST_DEPTH - 1).check_depth(body)


def test_a_raised_limit_is_in_force_and_what_the_policy_will_not_take_is_answered_without_it(
    edge, make_home, monkeypatch, tmp_path
):
    monkeypatch.setenv("MAITRED_MAX_ACTIONS", "300")
    raised = type(edge)(make_home(tmp_path / "home"))
    try:
        asked = {**ASKED, "explore": False}
        full = raised.send("POST", DECISIONS, json={**asked, "actions": actions(300)})
        beyond = raised.send("POST", DECISIONS, json={**asked, "actions": actions(301)})
    finally:
        raised.close()
    assert full.status_code == 200
    assert full.json()["degraded"] == ["policy"]
    assert full.json()["action"] is not None
    assert beyond.json()["limit"] == {"name": "max_actions", "most": 300, "found": 301}
