"""Every field of every route with values of the wrong type, one named case each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.e2e.bad_inputs import DECIDE, REPORT, TRACK, TURN, BadInput, case, full_body, outcome

Values = tuple[Any, ...]
TEXT, NUMBER, FLAG = (None, 1, 1.5, True, [], {}), (None, "1", True, [], {}), (1, "true", [], {})
LIST, OBJECT, SCALAR = (1, "x", True, {"0": 1}), (1, "x", True, []), (None, [], {})
OPTIONAL_TEXT, AGREED = TEXT[1:], (1, "true", {}, [1])
WRONG: dict[str, dict[str, Values]] = {
    DECIDE: {
        "placement": TEXT,
        "session_id": TEXT,
        "user_id": OPTIONAL_TEXT,
        "decision_id": OPTIONAL_TEXT,
        "context": (None, *OBJECT),
        "context.x": SCALAR,
        "actions": LIST,
        "actions.0": (None, *OBJECT),
        "actions.0.id": TEXT,
        "actions.0.text": OPTIONAL_TEXT,
        "actions.0.features": (None, *OBJECT),
        "actions.0.features.x": SCALAR,
        "exclude": (None, *LIST),
        "exclude.0": TEXT,
        "explore": (None, *FLAG),
        "consent": AGREED,
        "deferred": (None, *FLAG),
    },
    TURN: {
        "session_id": TEXT,
        "user_id": OPTIONAL_TEXT,
        "turn_id": OPTIONAL_TEXT,
        "placements": (None, *LIST),
        "placements.0": TEXT,
        "context": (None, *OBJECT),
        "context.x": SCALAR,
        "consent": AGREED,
        "deferred": (None, *FLAG),
    },
    REPORT: {
        "decision_id": TEXT,
        "metric": TEXT,
        "value": NUMBER,
        "outcome_id": OPTIONAL_TEXT,
        "corrects": OPTIONAL_TEXT,
        "at": OPTIONAL_TEXT,
        "outcomes": (None, *LIST),
        "outcomes.0": (None, *OBJECT),
    },
    TRACK: {
        "user_id": OPTIONAL_TEXT,
        "consent": AGREED,
        "events": (None, *LIST),
        "events.0": (None, *OBJECT),
        "events.0.event": TEXT,
        "events.0.message_id": OPTIONAL_TEXT,
        "events.0.properties": (None, *OBJECT),
        "events.0.properties.x": SCALAR,
    },
}
"""Every field of every route, with values of types that it may not have."""


def wrong_types() -> Iterator[BadInput]:
    """Each field of each route with each value that it may not have."""
    for path, fields in WRONG.items():
        for field, values in fields.items():
            for value in values:
                body = {"outcomes": [outcome()]} if field.startswith("outcomes") else full_body(path)
                _put(body, field, value)
                shown = json.dumps(value)
                yield case(f"{path.split('/')[2]}: {field} is {shown}", path, body, 422)


def _put(body: Any, field: str, value: Any) -> None:
    *parents, last = (int(part) if part.isdecimal() else part for part in field.split("."))
    for part in parents:
        body = body[part]
    body[last] = value
