"""What travels over the wire: request and answer bodies, with types, ranges and lengths.

The lengths of lists and maps here are ceilings; ``api.limits`` has what a deployment allows, which is less.

Ids and names are written to logs, keys and paths, so they have no control characters. The names and values of features
may be any text, ``|``, ``:``, line breaks and NUL included: they are never parsed, printed or made part of a key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from api.limits import CEILING
from api.wire_time import rfc3339
from engine.errors import BadRequest
from engine.quarantine_file import Quarantined
from engine.types import Decision, DecisionRequest, OfferedAction

NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*(?![\s\S])"
"""A pattern that a final line break does not pass, as it would pass ``$``."""
NOT_BLANK = r"\S"
Id = Annotated[str, Meta(min_length=1, max_length=128, pattern=NO_CONTROLS, description="an opaque id")]
Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=NO_CONTROLS)]
FeatureName = Annotated[str, Meta(min_length=1, max_length=128, description="any text")]
Word = Annotated[str, Meta(max_length=CEILING.max_text_length, description="any text")]
Whole = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Value = Word | Whole | float | bool
Values = Annotated[
    dict[FeatureName, Value], Meta(max_length=CEILING.max_context_keys, description="flat map of scalars")
]
MOST_PURPOSES = 16
Agreed = Annotated[
    bool | Annotated[tuple[Name, ...], Meta(max_length=MOST_PURPOSES)] | None,
    Meta(description="true or false, or the purposes that the user agreed to"),
]
Features = Annotated[
    dict[FeatureName, Value], Meta(max_length=CEILING.max_action_features, description="flat map of scalars")
]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of request bodies: unknown fields are errors, so a misspelt one is noticed."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Base of answers."""


class ActionBody(Body, frozen=True, kw_only=True):
    """An action the bot brings; an id of the catalogue stands for the catalogue's action."""

    id: Id
    features: Features = {}
    text: Annotated[str, Meta(max_length=4_000, pattern=NOT_BLANK)] | None = None


class DecisionBody(Body, frozen=True, kw_only=True):
    """Ask for one action for one placement."""

    placement: Name
    session_id: Id
    user_id: Id | None = None
    context: Values = {}
    actions: Annotated[tuple[ActionBody, ...], Meta(min_length=1, max_length=CEILING.max_actions)] | None = None
    exclude: Annotated[tuple[Id, ...], Meta(max_length=CEILING.max_actions)] = ()
    decision_id: Id | None = None
    explore: bool = True
    consent: Agreed = None
    deferred: bool = False

    def request(self) -> DecisionRequest:
        """The engine's noun for it.

        Raises:
            BadRequest: two actions have one id. The engine would take the first, and nobody would notice.
        """
        actions = self.actions
        _refuse_duplicates(actions or ())
        return DecisionRequest(
            placement=self.placement,
            session_id=self.session_id,
            user_id=self.user_id,
            context=self.context,
            actions=None if actions is None else tuple(OfferedAction(a.id, a.features, a.text) for a in actions),
            exclude=self.exclude,
            decision_id=self.decision_id,
            explore=self.explore,
            consent=self.consent,
            deferred=self.deferred,
        )


class TurnBody(Body, frozen=True, kw_only=True):
    """Ask for several placements of one turn together, without repeats."""

    session_id: Id
    placements: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=CEILING.max_placements)]
    user_id: Id | None = None
    turn_id: Id | None = None
    context: Values = {}
    consent: Agreed = None
    deferred: bool = False


class ActionAnswer(Answer, frozen=True, kw_only=True):
    """The chosen action and what the bot may say."""

    id: str
    content: dict[str, str]


class Ranked(Answer, frozen=True, kw_only=True):
    """One candidate and its probability."""

    id: str
    probability: float


class DecisionAnswer(Answer, frozen=True, kw_only=True):
    """One decision. ``action`` is null only if nothing was eligible (see ``reason``)."""

    decision_id: str
    placement: str
    action: ActionAnswer | None
    propensity: float | None
    ranking: list[Ranked]
    policy: str
    model_version: str
    group: str
    reason: str
    degraded: list[str]
    expires_at: str
    recorded: bool


class TurnAnswer(Answer, frozen=True, kw_only=True):
    """One decision per placement, in the order asked."""

    turn_id: str
    decisions: list[DecisionAnswer]


class OutcomeBody(Body, frozen=True, kw_only=True):
    """A named metric with a value, for a decision. Give ``outcome_id`` to make retries count once.

    To correct an outcome reported before, report another with its own ``outcome_id`` that ``corrects`` the first one's.
    """

    decision_id: Id
    metric: Name
    value: Annotated[float, Meta(ge=-1e6, le=1e6)]
    outcome_id: Id | None = None
    at: Annotated[str, Meta(max_length=40, description="the sender's clock, RFC 3339; recorded only")] | None = None
    corrects: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=128,
                pattern=NO_CONTROLS,
                description="the `outcome_id` of another outcome of this decision: this one takes its place",
            ),
        ]
        | None
    ) = None


class OutcomesBody(Body, frozen=True, kw_only=True):
    """Many outcomes at once."""

    outcomes: Annotated[tuple[OutcomeBody, ...], Meta(min_length=1, max_length=CEILING.max_outcomes)]


class AcceptedAnswer(Answer, frozen=True, kw_only=True):
    """How many outcomes or events were new, and how many were there before (by the id the sender gave)."""

    accepted: int
    duplicates: int


class EventBody(Body, frozen=True, kw_only=True):
    """A track event in Segment's spirit: a name and flat properties."""

    event: Name
    properties: Values = {}
    message_id: Id | None = None


class EventsBody(Body, frozen=True, kw_only=True):
    """Events of one session, oldest first."""

    events: Annotated[tuple[EventBody, ...], Meta(min_length=1, max_length=CEILING.max_events)]
    user_id: Id | None = None
    consent: Agreed = None


class AliveAnswer(Answer, frozen=True, kw_only=True):
    """The process is alive."""

    status: Literal["alive"] = "alive"


class ReadyAnswer(Answer, frozen=True, kw_only=True):
    """The service is warm; ``models`` is the model version that each placement is served by."""

    models: dict[str, str]
    status: Literal["ready"] = "ready"


class ShownAnswer(Answer, frozen=True, kw_only=True):
    """``duplicate`` is true if it was reported before."""

    decision_id: str
    duplicate: bool


class LimitStated(Answer, frozen=True, omit_defaults=True):
    """A limit that a request exceeded: the setting's name without ``MAITRED_``, what it allows, what was found."""

    name: str
    most: int
    found: int | None = None


class QuarantineAnswer(Answer, frozen=True, kw_only=True):
    """What was refused or made safe, newest first."""

    quarantined: list[Quarantined]


class Problem(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details, with the field at fault and the limit exceeded where there is one."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    limit: LimitStated | None = None


def decision_answer(decision: Decision) -> DecisionAnswer:
    """The wire form of a decision."""
    action = None
    if decision.action_id is not None:
        action = ActionAnswer(id=decision.action_id, content=dict(decision.content))
    return DecisionAnswer(
        decision_id=decision.id,
        placement=decision.placement,
        action=action,
        propensity=decision.propensity,
        ranking=[Ranked(id=id, probability=p) for id, p in decision.ranking],
        policy=decision.policy,
        model_version=decision.model_version,
        group=decision.group,
        reason=decision.reason,
        degraded=list(decision.degraded),
        expires_at=rfc3339(decision.expires_at_us),
        recorded=decision.recorded,
    )


def in_words(message: str) -> str:
    """What msgspec says of a value, for people who do not read patterns."""
    words = {NO_CONTROLS: "without control characters", NOT_BLANK: "that says something"}
    for pattern, said in words.items():
        message = message.replace(f"matching regex {pattern!r}", said)
    return message


def _refuse_duplicates(actions: Sequence[ActionBody]) -> None:
    if len({action.id for action in actions}) == len(actions):
        return
    seen: set[str] = set()
    for index, action in enumerate(actions):
        if action.id in seen:
            raise BadRequest("another action of this request has the same id", field=f"actions[{index}].id")
        seen.add(action.id)
