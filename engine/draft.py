"""What a decision is made of before it is recorded: its record, what it knew of a person, and the words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from engine.catalog import CatalogueAction
from engine.choose import Choice
from engine.deadline import Deadline
from engine.eligibility import Facts
from engine.errors import ContentError
from engine.placement import Placement
from engine.privacy import Person
from engine.records.schema import DecisionRecord, PersonalPart
from engine.types import DecisionRequest
from features.vector import FeatureVector, Scalar, ViewRow

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """What the decisions of one turn share: who is asking, what is known of them, at what time, and until when."""

    person: Person
    rows: Mapping[str, ViewRow]
    now_us: int
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class Draft:
    """A decision that is made but neither sealed nor recorded yet."""

    record: DecisionRecord
    personal: PersonalPart

    @property
    def chosen_id(self) -> str | None:
        """The action that was drawn, if anything was eligible."""
        chosen = self.record.chosen
        return None if chosen is None else self.record.candidates[chosen]


def rendered(
    placement: Placement, action: CatalogueAction | None, context: Mapping[str, Scalar], facts: Facts
) -> tuple[dict[str, str], bool]:
    """The content, and whether it is the action's own: if rendering fails, the fallback's words, never another draw."""
    if action is None:
        return {}, True
    locale = _locale(context, facts)
    try:
        return action.content.render(locale, facts.roots), True
    except ContentError:
        log.exception("content_failed", placement=placement.name, action=action.spec.id)
        return placement.catalogue.fallback.render(locale, {}), False


def personal_part(
    request: DecisionRequest, person: Person, vector: FeatureVector, content: dict[str, str]
) -> PersonalPart:
    """What is sealed: everything that the decision knew of a person, and what they were told."""
    offered = request.actions
    return PersonalPart(
        session_id=person.session_id,
        user_id=person.user_id,
        context=dict(request.context),
        features=dict(vector.values),
        render_only=dict(vector.render_only),
        freshness=dict(vector.freshness),
        missing=vector.missing,
        offered=None if offered is None else tuple((a.id, dict(a.features), a.text) for a in offered),
        content=content,
    )


def missing_parts(choice: Choice, vector: FeatureVector, shown: bool) -> tuple[str, ...]:
    """Everything that the decision had to do without."""
    unread = tuple(f"features:{view}" for view in vector.unread)
    mistyped = tuple(f"context:{feature}" for feature in vector.mistyped)
    missing = (*choice.degraded, *unread, *mistyped)
    return missing if shown else (*missing, "content")


def _locale(context: Mapping[str, Scalar], facts: Facts) -> str | None:
    wanted = context.get("locale") or facts.roots["user"].get("language")
    return wanted if isinstance(wanted, str) else None
