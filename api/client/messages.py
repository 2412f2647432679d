"""What goes to the service and what comes back. Members of an answer that are not named here are ignored."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

import msgspec

from features.vector import Scalar


def new_id() -> str:
    """An id that was never used before: what makes a repeated call count once."""
    return uuid.uuid4().hex


class Offered(msgspec.Struct, frozen=True, omit_defaults=True):
    """An action that the bot brings with its question."""

    id: str
    features: Mapping[str, Scalar] = {}
    text: str | None = None


class Ask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One action for one placement, now. A fresh ``decision_id`` makes the call safe to repeat."""

    placement: str
    session_id: str
    user_id: str | None = None
    context: Mapping[str, Scalar] = {}
    actions: Sequence[Offered] | None = None
    exclude: Sequence[str] = ()
    explore: bool = True
    consent: bool | Sequence[str] | None = None
    deferred: bool = False
    decision_id: str = msgspec.field(default_factory=new_id)


class Turn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One action for each of several placements. A fresh ``turn_id`` makes the call safe to repeat."""

    session_id: str
    placements: Sequence[str]
    user_id: str | None = None
    context: Mapping[str, Scalar] = {}
    consent: bool | Sequence[str] | None = None
    deferred: bool = False
    turn_id: str = msgspec.field(default_factory=new_id)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a decision. A fresh ``outcome_id`` makes the call safe to repeat; ``at`` is RFC 3339.

    ``corrects`` is the ``outcome_id`` of another outcome of the decision: this one takes its place.
    """

    decision_id: str
    metric: str
    value: float = 1.0
    outcome_id: str = msgspec.field(default_factory=new_id)
    at: str | None = None
    corrects: str | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened in a session, as Segment's ``track`` has it."""

    event: str
    properties: Mapping[str, Scalar] = {}
    message_id: str = msgspec.field(default_factory=new_id)


class Events(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Events of one session, oldest first. Without consent they are kept as the session's, not the user's."""

    events: Sequence[Event]
    user_id: str | None = None
    consent: bool | Sequence[str] | None = None


class Action(msgspec.Struct, frozen=True):
    """What to show: ``content`` has at least ``text``."""

    id: str
    content: Mapping[str, str] = {}


class Ranked(msgspec.Struct, frozen=True):
    """A candidate and how probable it was."""

    id: str
    probability: float


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one placement. ``action`` is ``None`` if nothing was eligible (``reason`` says why)."""

    decision_id: str
    placement: str
    action: Action | None
    propensity: float | None
    ranking: tuple[Ranked, ...]
    policy: str
    model_version: str
    group: str
    reason: str
    expires_at: str
    degraded: tuple[str, ...] = ()
    recorded: bool = True


class TurnAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answers of one turn, in the order in which the placements were asked for."""

    turn_id: str
    decisions: tuple[Decision, ...]


class Accepted(msgspec.Struct, frozen=True):
    """How many outcomes were taken, and how many of them had been taken before."""

    accepted: int
    duplicates: int = 0
