"""Everything that is known about one decision, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from engine.choose import Served
from engine.encode.standard import view_of
from engine.errors import NotFound, PolicyError
from engine.journal.base import Lookup, Stored
from engine.placement import Placement
from engine.records.schema import DecisionRecord, OutcomeRecord, PersonalPart, SettlementRecord, ShownRecord
from engine.records.sealing import Sealer
from features.vector import Freshness, Scalar

MOST_CONTRIBUTIONS = 20


class Feature(msgspec.Struct, frozen=True):
    """One feature as the decision used it, with the freshness of the row it came from."""

    name: str
    value: Scalar
    freshness: str


class Weighed(msgspec.Struct, frozen=True):
    """A candidate and its logged probability."""

    id: str
    probability: float


class Contribution(msgspec.Struct, frozen=True):
    """What one feature added to the chosen action's score (positive is in its favour)."""

    feature: str
    contribution: float


class OutcomeSeen(msgspec.Struct, frozen=True):
    """An outcome that came back, with the journal time of its arrival, and which other outcome it corrects."""

    outcome_id: str
    metric: str
    value: float
    received_us: int
    corrects: str | None = None


class Settlement(msgspec.Struct, frozen=True):
    """The final reward, and whether (or why not) it was learned."""

    reward: float
    outcomes: int
    learned: bool
    why: str
    settled_us: int


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One decision with all that led to it and all that followed. Times are µs since the epoch."""

    decision_id: str
    placement: str
    decided_us: int
    position: int
    action: str | None
    propensity: float | None
    reason: str
    content: dict[str, str]
    user_id: str | None
    session_id: str
    context: dict[str, str | int | float | bool]
    features: list[Feature]
    freshness: Mapping[str, Freshness]
    candidates: list[Weighed]
    filtered: dict[str, str]
    group: str
    unit: str
    policy: str
    model_version: str
    encoder_version: str
    catalogue: str
    learnable: bool
    deferred: bool
    not_shown: bool
    degraded: list[str]
    shown_us: int | None
    outcomes: list[OutcomeSeen]
    settlement: Settlement | None
    contributions: list[Contribution] | None


class Models(Protocol):
    """Finds the policy with a given learned state."""

    def served(self, placement: str, version: str) -> Served | None:
        """``None`` if that state is no longer kept."""
        ...


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains decisions from the journal."""

    lookup: Lookup
    sealer: Sealer
    placements: Mapping[str, Placement]
    models: Models

    async def explain(self, decision_id: str) -> Explanation:
        """Raises ``NotFound``; ``SealError`` if the person was forgotten; ``JournalError``."""
        about = await self.lookup.about(decision_id)
        decision = next((stored for stored in about if isinstance(stored.record, DecisionRecord)), None)
        if decision is None:
            raise NotFound(f"no decision {decision_id!r} in the journal; old ones may be in its archive only")
        record = decision.record
        assert isinstance(record, DecisionRecord)
        personal = self.sealer.open(record.key_ref, record.sealed, PersonalPart, record.id.encode())
        chosen = record.chosen
        return Explanation(
            decision_id=record.id,
            placement=record.placement,
            decided_us=decision.time_us,
            position=decision.position,
            action=None if chosen is None else record.candidates[chosen],
            propensity=None if chosen is None else record.pmf[chosen],
            reason=record.reason,
            content=personal.content,
            user_id=personal.user_id,
            session_id=personal.session_id,
            context=personal.context,
            features=_features(personal),
            freshness=personal.freshness,
            candidates=[Weighed(id, p) for id, p in zip(record.candidates, record.pmf, strict=True)],
            filtered=record.filtered,
            group=record.group,
            unit=record.unit,
            policy=record.policy,
            model_version=record.model_version,
            encoder_version=record.encoder_version,
            catalogue=record.catalogue,
            learnable=record.learnable,
            deferred=record.deferred,
            not_shown=record.not_shown,
            degraded=list(record.degraded),
            shown_us=next((stored.time_us for stored in about if isinstance(stored.record, ShownRecord)), None),
            outcomes=_outcomes(about),
            settlement=_settlement(about),
            contributions=self._contributions(record, personal),
        )

    def _contributions(self, record: DecisionRecord, personal: PersonalPart) -> list[Contribution] | None:
        placement = self.placements.get(record.placement)
        if placement is None or record.chosen is None or record.catalogue != placement.catalogue.version:
            return None
        served = self.models.served(record.placement, record.model_version)
        action = placement.catalogue.actions.get(record.candidates[record.chosen])
        if served is None or action is None or record.encoder_version != served.encoder.version:
            return None
        crosses = placement.catalogue.spec.crosses
        shared = served.encoder.shared(personal.features, personal.freshness, personal.missing, crosses)
        try:
            parts = served.policy.contributions(shared, action.candidate)
        except PolicyError:
            return None
        return None if parts is None else [Contribution(*part) for part in parts[:MOST_CONTRIBUTIONS]]


def _features(personal: PersonalPart) -> list[Feature]:
    missing = frozenset(personal.missing)
    return [
        Feature(name, value, "missing" if name in missing else personal.freshness.get(view_of(name), "fresh"))
        for name, value in personal.features.items()
    ]


def _outcomes(about: Sequence[Stored]) -> list[OutcomeSeen]:
    return [
        OutcomeSeen(stored.record.id, stored.record.metric, stored.record.value, stored.time_us, stored.record.corrects)
        for stored in about
        if isinstance(stored.record, OutcomeRecord)
    ]


def _settlement(about: Sequence[Stored]) -> Settlement | None:
    for stored in about:
        if isinstance(stored.record, SettlementRecord) and not stored.record.early:
            record = stored.record
            return Settlement(record.reward, record.outcomes, record.learn, record.why, stored.time_us)
    return None
