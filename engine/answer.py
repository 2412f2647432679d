"""A recorded decision as the bot hears it: made from the record alone, so that a retry hears the same."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from engine.errors import JournalError, SealError
from engine.placement import Placement
from engine.records.schema import DecisionRecord, PersonalPart
from engine.records.sealing import Sealer
from engine.types import Decision, Group


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
        freshness=personal.freshness,
    )


def answer_again(record: DecisionRecord, sealer: Sealer, time_us: int, placement: Placement) -> Decision:
    """The same answer from the journal; for a person erased since, the same action in the fallback's words."""
    try:
        personal = sealer.open(record.key_ref, record.sealed, PersonalPart, record.id.encode())
    except (SealError, JournalError) as error:
        words = {} if record.chosen is None else placement.catalogue.fallback.render(None, {})
        answer = answer_of(record, PersonalPart(session_id="", content=words), time_us, placement.window_us)
        return degraded(answer, missing_part(error))
    return answer_of(record, personal, time_us, placement.window_us)


def unrecorded(answer: Decision, error: JournalError | SealError) -> Decision:
    """An answer that is in no journal, and why."""
    return replace(degraded(answer, missing_part(error)), recorded=False)


def degraded(answer: Decision, part: str) -> Decision:
    """The answer, marked as made without a part."""
    return answer if part in answer.degraded else replace(answer, degraded=(*answer.degraded, part))


def missing_part(error: JournalError | SealError) -> str:
    """What an error means for an answer: the journal (or its key table) is away, or the person was erased."""
    return "forgotten" if isinstance(error, SealError) else "journal"
