"""Bad input, one named case each: what is sent, and which answers are right.

What must be refused asks for the placements whose models are compared: were it taken after all, they would differ. What
is odd but right (a name may be an emoji) asks for ``SINK``, and is really learned there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

COMPARED = ("greeting", "offer")
SINK = "recommendation"
GOOD_DECISION, GOOD_OUTCOME = "good-0", "good-outcome-0"
MEGABYTE = "x" * 1_000_000
MANY = 5_000
DEEP = 10_000
ODD = {"pipe": "a|b", "colon": "a:1", "emoji": "👩‍👩‍👧‍👦😀"}
CONTROL = {"newline": "a\nb", "nul": "a\0b", "line end": "a\n"}
SURROGATE = "a\ud800b"


@dataclass(frozen=True, slots=True)
class BadInput:
    """One request.

    Attributes:
        right: the statuses that are right.
        field: what the problem must name; ``None`` if that is not said.
    """

    name: str
    path: str
    content: bytes
    right: tuple[int, ...]
    field: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether it is odd but right."""
        return self.right[0] < 300


def bad_inputs() -> list[BadInput]:
    """Every case but the wrong types, each name once."""
    return [
        *_unknown(),
        *_numbers(),
        *_odd_names(),
        *_control_characters(),
        *_lone_surrogates(),
        *_megabytes(),
        *_many(),
        *_deep(),
        *_duplicate_keys(),
        *_broken_bytes(),
        *_repeated(),
    ]


def decision(placement: str = COMPARED[0], **fields: Any) -> dict[str, Any]:
    """A decision's body."""
    return {"placement": placement, "session_id": "hostile", **fields}


def outcome(**fields: Any) -> dict[str, Any]:
    """An outcome of a decision that is compared, unless ``fields`` names another."""
    return {"decision_id": GOOD_DECISION, "metric": "continued", "value": 1.0, **fields}


def event(**fields: Any) -> dict[str, Any]:
    """One event."""
    return {"events": [{"event": "e", **fields}]}


def _actions(**fields: Any) -> dict[str, Any]:
    return {"actions": [{"id": "mine", **fields}, {"id": "other"}]}


def case(name: str, path: str, body: Any, *right: int, field: str | None = None) -> BadInput:
    """A case whose body may be bytes, or what JSON is made from."""
    return BadInput(name, path, body if isinstance(body, bytes) else json.dumps(body).encode(), right, field)


DECIDE, TURN, REPORT, TRACK = "/v1/decisions", "/v1/turns", "/v1/outcomes", "/v1/sessions/hostile/events"
ROUTES = (DECIDE, TURN, REPORT, TRACK)


def full_body(path: str) -> dict[str, Any]:
    """A good body of a route that has every field."""
    action = {"id": "mine", "text": "t", "features": {"x": 1}}
    person = {"user_id": "ada", "consent": True}
    decided = {"decision_id": "full", "context": {"x": 1}, "actions": [action, {"id": "other"}], "exclude": ["e"]}
    return {
        DECIDE: decision(**person, **decided, explore=True, deferred=True),
        TURN: {
            "session_id": "hostile",
            **person,
            "turn_id": "full",
            "placements": ["greeting"],
            "context": {"x": 1},
            "deferred": True,
        },
        REPORT: outcome(outcome_id="full", at="2026-01-02T03:04:05Z"),
        TRACK: {**person, **event(message_id="full", properties={"x": 1})},
    }[path]


def _unknown() -> Iterator[BadInput]:
    yield case("unknown placement of a decision", DECIDE, decision("nope"), 404, field="placement")
    turn = {"session_id": "hostile", "placements": ["greeting", "nope"]}
    yield case("unknown placement of a turn", TURN, turn, 404, field="placement")
    yield case("outcome for an unknown decision", REPORT, outcome(decision_id="nobody asked"), 202)
    twice = {"actions": [{"id": "mine"}, {"id": "other"}, {"id": "mine"}]}
    yield case("duplicate action ids", DECIDE, decision(**twice), 422, field="actions[2].id")
    again = {"session_id": "hostile", "placements": ["greeting", "greeting"]}
    yield case("duplicate placements", TURN, again, 422, field="placements")


def _numbers() -> Iterator[BadInput]:
    for number in ("NaN", "Infinity", "-Infinity", "1e999", "1e300", "-1e300"):
        right = _right_for(number)
        placement = COMPARED[0] if right[0] >= 400 else SINK
        for place, path, body in (
            ("feature", DECIDE, decision(placement, context={"sentiment": "#"})),
            ("unknown feature", DECIDE, decision(placement, context={"x": "#"})),
            ("feature of an action", DECIDE, decision(placement, **_actions(features={"x": "#"}))),
            ("property of an event", TRACK, event(properties={"cart_value": "#"})),
        ):
            yield case(f"{place} is {number}", path, _with_token(body, number), *right)
    for number in ("NaN", "Infinity", "-Infinity", "1e999", "1e300", "1e9", "-1e9", "1000000.1"):
        right = (400,) if _right_for(number) == (400,) else (422,)
        yield case(f"outcome of {number}", REPORT, _with_token(outcome(value="#"), number), *right)
        many = {"outcomes": [outcome(), outcome(value="#")]}
        yield case(f"second outcome of {number}", REPORT, _with_token(many, number), *right)


def _right_for(number: str) -> tuple[int, ...]:
    """Of a feature: what is no JSON, what no number can hold, and what is merely large."""
    if number.endswith(("NaN", "Infinity")):
        return (400,)
    return (422,) if number == "1e999" else (200, 202)


def _with_token(body: Any, token: str) -> bytes:
    return json.dumps(body).replace('"#"', token).encode()


def _places_of_ids(text: str, placement: str) -> Iterator[tuple[str, str, Any]]:
    """Every id and name of every route."""
    yield "session id", DECIDE, {**decision(placement), "session_id": text}
    yield "user id", DECIDE, decision(placement, user_id=text, consent=True)
    yield "decision id", DECIDE, decision(placement, decision_id=text)
    yield "action id", DECIDE, decision(placement, actions=[{"id": text}, {"id": "other"}])
    yield "excluded id", DECIDE, decision(placement, exclude=[text])
    yield "session id of a turn", TURN, {"session_id": text, "placements": [placement]}
    yield "turn id", TURN, {"session_id": "hostile", "turn_id": text, "placements": [placement]}
    yield "metric", REPORT, outcome(decision_id="unknown", metric=text)
    yield "decision id of an outcome", REPORT, outcome(decision_id=text)
    yield "outcome id", REPORT, outcome(decision_id="unknown", outcome_id=text)
    yield "event name", TRACK, {"events": [{"event": text}]}
    yield "message id", TRACK, event(message_id=text)
    yield "user id of an event", TRACK, {**event(), "user_id": text, "consent": True}


def _places_of_text(text: str, placement: str) -> Iterator[tuple[str, str, Any]]:
    """Every name and value of a feature."""
    yield "feature name", DECIDE, decision(placement, context={text: 1.0})
    yield "feature value", DECIDE, decision(placement, context={"channel": text, "x": text})
    yield "feature name of an action", DECIDE, decision(placement, **_actions(features={text: 1.0}))
    yield "feature value of an action", DECIDE, decision(placement, **_actions(features={"x": text}))
    yield "text of an action", DECIDE, decision(placement, **_actions(text=text))
    yield "property name", TRACK, event(properties={text: 1.0})
    yield "property value", TRACK, event(properties={"page": text})


def _odd_names() -> Iterator[BadInput]:
    for name, text in ODD.items():
        for place, path, body in (*_places_of_ids(text, SINK), *_places_of_text(text, SINK)):
            yield case(f"{name} in {place}", path, body, 200, 202)


def _control_characters() -> Iterator[BadInput]:
    for name, text in CONTROL.items():
        for place, path, body in _places_of_ids(text, COMPARED[0]):
            yield case(f"{name} in {place}", path, body, 422)
        for place, path, body in _places_of_text(text, SINK):
            yield case(f"{name} in {place}", path, body, 200, 202)


def _lone_surrogates() -> Iterator[BadInput]:
    for place, path, body in (*_places_of_ids(SURROGATE, COMPARED[0]), *_places_of_text(SURROGATE, COMPARED[0])):
        yield case(f"lone surrogate in {place}", path, body, 400)
    unknown = {**decision(context={"x": []}), SURROGATE: 1}
    yield case("lone surrogate in an unknown field, beside another fault", DECIDE, unknown, 400, 422)
    number = _with_token({**decision(), "x": "#", SURROGATE: []}, "1e999")
    yield case("lone surrogate beside a number that nothing can hold", DECIDE, number, 400, 422)


def _megabytes() -> Iterator[BadInput]:
    for place, path, body in (*_places_of_ids(MEGABYTE, COMPARED[0]), *_places_of_text(MEGABYTE, COMPARED[0])):
        yield case(f"a megabyte in {place}", path, body, 413)
    fitting = MEGABYTE[:100_000]
    for place, path, body in (*_places_of_ids(fitting, COMPARED[0]), *_places_of_text(fitting, COMPARED[0])):
        yield case(f"a tenth of a megabyte in {place}", path, body, 422)


def _many() -> Iterator[BadInput]:
    numbers = {f"{n}": n for n in range(MANY)}
    outcomes = [{"decision_id": id, "metric": "m", "value": 1} for id in numbers]
    for place, path, body, field in (
        ("actions", DECIDE, decision(actions=[{"id": id} for id in numbers]), "actions"),
        ("exclusions", DECIDE, decision(exclude=list(numbers)), "exclude"),
        ("features", DECIDE, decision(context=numbers), "context"),
        ("features of an action", DECIDE, decision(**_actions(features=numbers)), "actions[0].features"),
        ("placements", TURN, {"session_id": "hostile", "placements": list(numbers)}, "placements"),
        (
            "outcomes",
            REPORT,
            {"outcomes": outcomes},
            "outcomes",
        ),
        ("events", TRACK, {"events": [{"event": id} for id in numbers]}, "events"),
        ("properties", TRACK, event(properties=numbers), "events[0].properties"),
    ):
        yield case(f"{MANY} {place}", path, body, 422, field=field)


def _deep() -> Iterator[BadInput]:
    lists, objects = "[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP
    for kind, nested in (("lists", lists), ("objects", objects), ("lists without an end", "[" * DEEP)):
        for place, path, body in (
            ("the body", DECIDE, "#"),
            ("a feature", DECIDE, decision(context={"x": "#"})),
            ("the context", DECIDE, decision(context="#")),
            ("an action", DECIDE, decision(actions=["#"])),
            ("an unknown field", DECIDE, decision(x="#")),
            ("the placements", TURN, {"session_id": "hostile", "placements": "#"}),
            ("the value of an outcome", REPORT, outcome(value="#")),
            ("the outcomes", REPORT, {"outcomes": "#"}),
            ("a property", TRACK, event(properties={"x": "#"})),
        ):
            yield case(f"{DEEP} {kind} as {place}", path, _with_token(body, nested), 400, 422)


def _duplicate_keys() -> Iterator[BadInput]:
    for path in ROUTES:
        body = json.dumps(full_body(path))
        first = body[1 : body.index(",")]
        yield case(f"{path.split('/')[2]}: a key twice", path, f"{{{first},{body[1:]}".encode(), 400)
    within = json.dumps(decision(context={"#": 1})).replace('"#": 1', '"x": 1, "x": 2')
    yield case("a feature twice", DECIDE, within.encode(), 400)
    escaped = json.dumps(decision()).replace('"placement":', '"placem\\u0065nt": "offer", "placement":')
    yield case("a key twice, once in escapes", DECIDE, escaped.encode(), 400)


def _broken_bytes() -> Iterator[BadInput]:
    for path in ROUTES:
        route, body = path.split("/")[2], json.dumps(full_body(path)).encode()
        for name, bad in {"0xFF": b"\xff", "overlong": b"\xc0\xaf", "a surrogate's bytes": b"\xed\xa0\x80"}.items():
            yield case(f"{route}: {name} is not UTF-8", path, body.replace(b'": "', b'": "' + bad, 1), 400)
        for name, content in {
            "nothing": b"",
            "an open object": b"{",
            "half a body": body[: len(body) // 2],
            "two bodies": body + body,
            "UTF-16": body.decode().encode("utf-16"),
            "a number that nothing can hold, and no end": b'{"x": 1e999,',
            "a number that nothing can hold, and a surrogate twice": b'{"x": 1e999, "\\ud800": 1, "\\ud800": 2}',
        }.items():
            yield case(f"{route}: {name}", path, content, 400)
        for content in (b"null", b"[]", b"3", b'"x"', b"{}"):
            yield case(f"{route}: {content.decode()}", path, content, 422)


def _repeated() -> Iterator[BadInput]:
    other = decision(decision_id=GOOD_DECISION, context={"channel": "another"})
    yield case("a decision id again, with another body", DECIDE, other, 409, field="decision_id")
    yield case("an outcome id again", REPORT, outcome(outcome_id=GOOD_OUTCOME), 202)
    yield case("an outcome id again, with another value", REPORT, outcome(outcome_id=GOOD_OUTCOME, value=0.25), 202)
    yield case("an outcome id twice in one report", REPORT, {"outcomes": [outcome(outcome_id=GOOD_OUTCOME)] * 2}, 202)
