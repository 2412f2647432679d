"""A recorded decision as the bot hears it: made from the record alone, so that a retry hears the same."""

from __future__ import annotations

from typing import cast

from engine.records.schema import DecisionRecord, PersonalPart
from engine.types import Decision, Group
from features.vector import Freshness


def answer_of(record: DecisionRecord, personal: PersonalPart, time_us: int, window_us: int) -> Decision:
    """The answer to a decision that was appended at ``time_us``."""
    chosen = record.chosen
    ranking = sorted(zip(record.candidates, record.pmf, strict=True), key=lambda pair: -pair[1])
    return Decision(
        id=record.id,
        placement=record.placement,
        action_id=None if chosen is None else record.candidates[chosen],
        content=personal.content,
        propensity=None if chosen is None else record.pmf[chosen],
        ranking=tuple(ranking),
        policy=record.policy,
        model_version=record.model_version,
        group=cast(Group, record.group),
        reason=record.reason,
        degraded=record.degraded,
        expires_at_us=time_us + window_us,
        freshness=cast(dict[str, Freshness], personal.freshness),
    )
