"""What somebody got so far, in all of their sessions, and how they took it: a fold, like a session's state."""

from __future__ import annotations

from collections.abc import Mapping

from features.changes import LONGEST_TEXT, Change, Decided, add, counter_of
from features.derived.shown import counted
from features.vector import Scalar

EXPOSURE_VIEW = "user_exposure"


def fold(values: Mapping[str, Scalar], change: Change, now_us: int) -> dict[str, Scalar]:
    """Somebody's exposure after ``change``; ``values`` is what it was before and stays as it is."""
    state = dict(values)
    if isinstance(change, Decided):
        _shown(state, change, now_us)
    elif (counter := counter_of(change)) is not None:
        add(state, f"total_{counter}")
        state["seen_response"] = counter
    return state


def _shown(state: dict[str, Scalar], change: Decided, now_us: int) -> None:
    for placement, action in change.choices:
        state["seen_placement"] = placement[:LONGEST_TEXT]
        state["seen_action"] = action[:LONGEST_TEXT]
    if change.choices:
        add(state, "total_shown", len(change.choices))
        state["last_shown_unix"] = now_us // 1_000_000
        state["shown_by_hour"] = counted(str(state.get("shown_by_hour", "")), len(change.choices), now_us)
