"""Requests as a good client makes them, for every route: what mutations start from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

METRICS: Mapping[str, tuple[str, ...]] = {
    "greeting": ("continued",),
    "offer": ("accepted", "declined"),
    "recommendation": ("clicked", "bought"),
}
PLACEMENTS = tuple(METRICS)
EVENTS = ("product_viewed", "clicked", "offer_accepted", "page", "Ärger")
DECISIONS, SESSIONS, USERS, TURNS = 3_000, 500, 60, 1_000
"""How many ids there are: few enough that requests meet, so that conflicts, retries and joins happen."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One request before it is text; ``body`` is ``None`` where the route takes none."""

    method: str
    path: str
    body: Any = None


class Grammar:
    """Draws good requests.

    Args:
        document: the service's OpenAPI document: routes that nobody described here are drawn from its examples.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._documented = _operations(document)

    def draw(self, random: Random) -> Operation:
        """A good request."""
        kind = random.choices(
            (decision, turn, outcome, outcomes, events, shown, explain, None), (30, 12, 16, 8, 14, 4, 5, 11)
        )[0]
        return self._any(random) if kind is None else kind(random)

    def _any(self, random: Random) -> Operation:
        operation = random.choice(self._documented)
        path = operation.path
        for parameter, ids in (("{decision_id}", DECISIONS), ("{session_id}", SESSIONS)):
            path = path.replace(parameter, f"{parameter[1]}-{random.randrange(ids)}")
        return Operation(operation.method, path, _copied(operation.body))


def decision(random: Random) -> Operation:
    """``POST /v1/decisions``."""
    body: dict[str, Any] = {"placement": random.choice(PLACEMENTS), **_person(random), "context": context(random)}
    if random.random() < 0.5:
        body["decision_id"] = f"d-{random.randrange(DECISIONS)}"
    if random.random() < 0.25:
        body["actions"] = [_action(random, number) for number in range(random.randint(1, 12))]
    if random.random() < 0.1:
        body["exclude"] = ["plain_hello", "mine-1"]
    for flag in ("explore", "deferred"):
        if random.random() < 0.1:
            body[flag] = random.random() < 0.5
    return Operation("POST", "/v1/decisions", body)


def turn(random: Random) -> Operation:
    """``POST /v1/turns``."""
    placements = random.sample(PLACEMENTS, random.randint(1, 3))
    body: dict[str, Any] = {**_person(random), "placements": placements, "context": context(random)}
    if random.random() < 0.5:
        body["turn_id"] = f"t-{random.randrange(TURNS)}"
    return Operation("POST", "/v1/turns", body)


def outcome(random: Random) -> Operation:
    """``POST /v1/outcomes`` with one."""
    return Operation("POST", "/v1/outcomes", _outcome(random))


def outcomes(random: Random) -> Operation:
    """``POST /v1/outcomes`` with many."""
    return Operation("POST", "/v1/outcomes", {"outcomes": [_outcome(random) for _ in range(random.randint(1, 8))]})


def events(random: Random) -> Operation:
    """``POST /v1/sessions/…/events``."""
    body: dict[str, Any] = {"events": [_event(random) for _ in range(random.randint(1, 5))]}
    if random.random() < 0.3:
        body |= {"user_id": f"u-{random.randrange(USERS)}", "consent": random.random() < 0.7}
    return Operation("POST", f"/v1/sessions/s-{random.randrange(SESSIONS)}/events", body)


def shown(random: Random) -> Operation:
    """``POST /v1/decisions/…/shown``."""
    return Operation("POST", f"/v1/decisions/d-{random.randrange(DECISIONS)}/shown")


def explain(random: Random) -> Operation:
    """``GET /v1/decisions/…``."""
    return Operation("GET", f"/v1/decisions/d-{random.randrange(DECISIONS)}")


def context(random: Random) -> dict[str, Any]:
    """Request features: declared ones, and a few that nobody declared."""
    drawn = {
        "channel": random.choice(("web", "app")),
        "locale": random.choice(("en", "de", "xx")),
        "utc_offset_minutes": random.randint(-840, 840),
        "intent": random.choice(("none", "return", "Rückgabe")),
        "intent_confidence": random.random(),
        "message_length": random.randint(0, 500),
        "undeclared": random.choice((True, 1, 2.5, "free")),
    }
    return {name: drawn[name] for name in drawn if random.random() < 0.5}


def _person(random: Random) -> dict[str, Any]:
    person: dict[str, Any] = {"session_id": f"s-{random.randrange(SESSIONS)}"}
    if random.random() < 0.5:
        person |= {"user_id": f"u-{random.randrange(USERS)}", "consent": random.random() < 0.7}
    return person


def _action(random: Random, number: int) -> dict[str, Any]:
    return {
        "id": random.choice(("plain_hello", f"mine-{number}")),
        "features": {"kind": random.choice(("pun", "help")), "weight": random.random()},
        "text": "Hello {{ user.first_name }}",
    }


def _outcome(random: Random) -> dict[str, Any]:
    metric = random.choice(METRICS[random.choice(PLACEMENTS)])
    body: dict[str, Any] = {"decision_id": f"d-{random.randrange(DECISIONS)}", "metric": metric, "value": 1.0}
    if random.random() < 0.5:
        body |= {
            "outcome_id": f"o-{random.randrange(DECISIONS)}",
            "corrects": random.choice([None, f"o-{random.randrange(DECISIONS)}"]),
            "at": "2026-01-02T03:04:05Z",
            "value": random.random(),
        }
    return body


def _event(random: Random) -> dict[str, Any]:
    properties = {"category": "garden", "cart_value": random.random() * 100, "seconds_on_page": 3}
    event: dict[str, Any] = {"event": random.choice(EVENTS), "properties": properties}
    if random.random() < 0.5:
        event["message_id"] = f"m-{random.randrange(DECISIONS)}"
    return event


def _operations(document: Mapping[str, Any]) -> Sequence[Operation]:
    return [
        Operation(method.upper(), path, _example(operation))
        for path, by_method in document["paths"].items()
        for method, operation in by_method.items()
    ]


def _example(operation: Mapping[str, Any]) -> Any:
    return operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(item) for name, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
