"""The seam between whoever visits and whoever drives: visits made of turns that know how their visitor responds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from features.vector import Scalar


class Happening(NamedTuple):
    """Something the visitor does before a turn."""

    event: str
    properties: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Response:
    """How a visitor responds to one action.

    Attributes:
        metrics: what happens, in order: metric → value.
        reward: what the engine will make of it.
        expected, best: mean reward of this action, and of the best candidate, if the truth is known.
        shown: False if the visitor never saw the action; then nothing can follow from it.
    """

    metrics: Mapping[str, float]
    reward: float
    expected: float | None = None
    best: float | None = None
    shown: bool = True


class VisitTurn(Protocol):
    """One turn of a visit."""

    @property
    def context(self) -> Mapping[str, Scalar]:
        """Request context."""
        ...

    @property
    def placements(self) -> tuple[str, ...]:
        """What the bot asks for."""
        ...

    @property
    def happenings(self) -> tuple[Happening, ...]:
        """What the visitor did since the turn before."""
        ...

    def respond(self, placement: str, action: str, candidates: Sequence[str]) -> Response:
        """What follows from showing ``action``, which was chosen among ``candidates``."""
        ...


class Visit(NamedTuple):
    """One session of one user. ``deferred``: a choice counts only once it was really shown."""

    user_id: str
    session_id: str
    turns: Sequence[VisitTurn]
    deferred: bool = False
