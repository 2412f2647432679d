"""What happened in a session so far: a fold over its changes, kept in the online store for the next turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from features.clock import Clock, wall_clock
from features.errors import RowError
from features.scalars import coerce
from features.vector import FeatureStore, RowChange, Scalar, ViewRow

SESSION_VIEW = "session_state"
SESSION_KEY = "session_id"
ATTEMPTS = 4
LONGEST_TEXT = 128

COUNTED: Mapping[str, str] = {
    "click": "clicks",
    "clicked": "clicks",
    "product_clicked": "clicks",
    "accepted": "accepted",
    "offer_accepted": "accepted",
    "declined": "declined",
    "offer_declined": "declined",
    "dismissed": "declined",
}
"""Event or metric → the counter it adds one to."""

TEXTS: Mapping[str, str] = {"page": "page", "viewed_category": "viewed_category", "category": "viewed_category"}
NUMBERS: Mapping[str, str] = {"seconds_on_page": "seconds_on_page", "cart_value": "cart_value"}
"""Property of an event → the feature that takes its value."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A turn was answered: what was chosen, as (placement, action id), in the order of the answer."""

    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Happened:
    """The visitor did something: a Segment-shaped event."""

    event: str
    properties: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Rewarded:
    """An outcome was reported for one of the session's decisions."""

    metric: str
    value: float


Change = Decided | Happened | Rewarded


def fold(values: Mapping[str, Scalar], change: Change, now_us: int) -> dict[str, Scalar]:
    """The session's state after ``change``; ``values`` is its state before and stays as it is."""
    state = dict(values)
    if isinstance(change, Decided):
        _decided(state, change, now_us)
    elif isinstance(change, Happened):
        _happened(state, change)
    else:
        _rewarded(state, change)
    return state


class SessionWriter:
    """Writes session state: one awaited compare-and-set per change."""

    def __init__(self, store: FeatureStore, clock: Clock = wall_clock) -> None:
        self._store = store
        self._clock = clock

    async def apply(self, session_id: str, change: Change, row: ViewRow | None) -> bool:
        """Fold ``change`` into the session's row.

        Args:
            row: the row as it was read for this turn; ``None`` to read it now.

        Returns:
            False if the store is down, others kept winning the race, or the row holds what its view no longer allows:
            the state is then as it was. Never raises.
        """
        for _ in range(ATTEMPTS):
            if row is None:
                row = (await self._store.read({SESSION_KEY: session_id})).get(SESSION_VIEW)
            if row is None or row.freshness == "error":
                return False
            try:
                if await self._replaced(session_id, change, row):
                    return True
            except (OSError, RowError):
                return False
            row = None
        return False

    async def _replaced(self, session_id: str, change: Change, row: ViewRow) -> bool:
        now_us = self._clock()
        last_us = row.timestamp_us
        timestamp_us = now_us if last_us is None else max(now_us, last_us + 1)
        state = fold(row.values, change, now_us)
        written = await self._store.write(
            [RowChange(SESSION_VIEW, session_id, state, timestamp_us, last_us, began_us=now_us)]
        )
        return written[0]


def _decided(state: dict[str, Scalar], change: Decided, now_us: int) -> None:
    _add_one(state, "turn")
    state.setdefault("started_unix", now_us // 1_000_000)
    for placement, action in change.choices:
        state["last_placement"] = placement[:LONGEST_TEXT]
        state["last_action"] = action[:LONGEST_TEXT]


def _happened(state: dict[str, Scalar], change: Happened) -> None:
    state["last_event"] = change.event[:LONGEST_TEXT]
    _count(state, change.event)
    for name, value in change.properties.items():
        if name in TEXTS and isinstance(value, str):
            state[TEXTS[name]] = value[:LONGEST_TEXT]
        elif name in NUMBERS:
            _set_number(state, NUMBERS[name], value)


def _rewarded(state: dict[str, Scalar], change: Rewarded) -> None:
    _set_number(state, "last_reward", change.value)
    if change.value:
        _count(state, change.metric)


def _set_number(state: dict[str, Scalar], name: str, value: Scalar) -> None:
    number = None if isinstance(value, str) else coerce("float", value)
    if number is not None:
        state[name] = number


def _count(state: dict[str, Scalar], name: str) -> None:
    counter = COUNTED.get(name.strip().lower().replace(" ", "_"))
    if counter is not None:
        _add_one(state, counter)


def _add_one(state: dict[str, Scalar], counter: str) -> None:
    state[counter] = int(state.get(counter, 0)) + 1
