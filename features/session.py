"""What happened in a session so far: a fold over its changes, kept in the online store for the next turn."""

from __future__ import annotations

from collections.abc import Mapping

from features.changes import LONGEST_TEXT, Change, Decided, Happened, add, counter_of
from features.scalars import coerce
from features.vector import Scalar

SESSION_VIEW = "session_state"
SESSION_KEY = "session_id"

TEXTS: Mapping[str, str] = {"page": "page", "viewed_category": "viewed_category", "category": "viewed_category"}
NUMBERS: Mapping[str, str] = {"seconds_on_page": "seconds_on_page", "cart_value": "cart_value"}
"""Property of an event → the feature that takes its value."""


def fold(values: Mapping[str, Scalar], change: Change, now_us: int) -> dict[str, Scalar]:
    """The session's state after ``change``; ``values`` is its state before and stays as it is."""
    state = dict(values)
    if isinstance(change, Decided):
        _decided(state, change, now_us)
    elif isinstance(change, Happened):
        _happened(state, change)
    else:
        _set_number(state, "last_reward", change.value)
    if (counter := counter_of(change)) is not None:
        add(state, counter)
    return state


def _decided(state: dict[str, Scalar], change: Decided, now_us: int) -> None:
    add(state, "turn")
    now_unix = now_us // 1_000_000
    state.setdefault("started_unix", now_unix)
    state["last_turn_unix"] = now_unix
    for placement, action in change.choices:
        state["last_placement"] = placement[:LONGEST_TEXT]
        state["last_action"] = action[:LONGEST_TEXT]


def _happened(state: dict[str, Scalar], change: Happened) -> None:
    state["last_event"] = change.event[:LONGEST_TEXT]
    for name, value in change.properties.items():
        if name in TEXTS and isinstance(value, str):
            state[TEXTS[name]] = value[:LONGEST_TEXT]
        elif name in NUMBERS:
            _set_number(state, NUMBERS[name], value)


def _set_number(state: dict[str, Scalar], name: str, value: Scalar) -> None:
    number = None if isinstance(value, str) else coerce("float", value)
    if number is not None:
        state[name] = number
