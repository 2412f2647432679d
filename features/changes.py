"""What changes the state of a session, and of whoever is in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from features.vector import Scalar

LONGEST_TEXT: Final = 128

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
Fold = Callable[[Mapping[str, Scalar], Change, int], dict[str, Scalar]]
"""The state after a change at a time (microseconds since the epoch); the state before stays as it is."""


def counter_of(change: Change) -> str | None:
    """The counter that a change adds one to, if it does; an outcome of 0 did not happen."""
    if isinstance(change, Decided) or (isinstance(change, Rewarded) and not change.value):
        return None
    name = change.event if isinstance(change, Happened) else change.metric
    return COUNTED.get(name.strip().lower().replace(" ", "_"))


def add(state: dict[str, Scalar], counter: str, count: int = 1) -> None:
    """Count in place; what was never counted is 0."""
    state[counter] = int(state.get(counter, 0)) + count
