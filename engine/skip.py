"""Settlements that no fold learns, because learning them killed the learner again and again. The journal says which."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from engine.announce import newest
from engine.journal.base import Reads
from engine.records.schema import ALL_PLACEMENTS, ControlRecord, SettlementRecord, announcement_key


def skipped(journal: Reads, placement: str | None = None) -> frozenset[int]:
    """Positions of the settlements, of one placement or all, that no fold of this journal learns.

    They are all known before it begins.
    """
    records = _skip_records(journal)
    return frozenset(r.payload["position"] for r in records if placement in (None, r.payload["placement"]))


def _skip_records(journal: Reads) -> Iterator[ControlRecord]:
    for serial in count():
        stored = journal.find("control", announcement_key("skip", ALL_PLACEMENTS, serial))
        if stored is None:
            return
        assert isinstance(stored.record, ControlRecord)
        yield stored.record


def skip_record(journal: Reads, position: int) -> ControlRecord | None:
    """What says that the settlement there is not to be learned; ``None`` if it is none."""
    found = journal.read(position - 1, 1)
    if not found or found[0].position != position or not isinstance(found[0].record, SettlementRecord):
        return None
    settlement, last = found[0].record, newest(journal, "skip", ALL_PLACEMENTS)
    return ControlRecord(
        action="skip",
        placement=ALL_PLACEMENTS,
        version=str(position),
        serial=0 if last is None else last.serial + 1,
        payload={"position": position, "placement": settlement.placement, "decision_id": settlement.decision_id},
    )
