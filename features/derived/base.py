"""How a derived view is computed, and which there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from features.derived.moment import LocalTime, local_time
from features.derived.pace import SessionPace, session_pace
from features.derived.past import PurchaseHistory, ReturnVisit, purchase_history, return_visit
from features.derived.shown import ShownLately, shown_lately


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a derived view is computed: ``function(now_us, *inputs)`` gives its ``outputs``.

    Attributes:
        inputs: qualified names.
        outputs: names of the view's features, in the order of the result.
        root: the name under which rules and templates know the view.
    """

    function: Callable[..., tuple[Any, ...]]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    root: str


def _of(view: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{view}.{name}" for name in names)


DERIVATIONS: Mapping[str, Derivation] = {
    "local_time": Derivation(local_time, _of("request", "utc_offset_minutes"), LocalTime._fields, "time"),
    "return_visit": Derivation(
        return_visit, _of("user_activity", "last_visit_unix", "visits"), ReturnVisit._fields, "visit"
    ),
    "purchase_history": Derivation(
        purchase_history,
        _of("user_activity", "purchases", "last_purchase_unix", "visits", "lifetime_value"),
        PurchaseHistory._fields,
        "purchase",
    ),
    "shown_lately": Derivation(
        shown_lately,
        _of("user_exposure", "shown_by_hour", "last_shown_unix", "total_shown", "total_clicks", "total_accepted"),
        ShownLately._fields,
        "lately",
    ),
    "session_pace": Derivation(
        session_pace, _of("session_state", "started_unix", "last_turn_unix"), SessionPace._fields, "pace"
    ),
}
