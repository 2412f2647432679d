"""Settlements that no fold learns, because learning them killed the learner again and again. The journal says which."""

from __future__ import annotations

from engine.announce import newest
from engine.journal.base import Reads
from engine.records.schema import ALL_PLACEMENTS, ControlRecord, SettlementRecord, announcement_key


def skipped(journal: Reads) -> frozenset[int]:
    """Positions of the settlements that no fold of this journal learns. They are all known before it begins."""
    positions: set[int] = set()
    while (stored := journal.find("control", announcement_key("skip", ALL_PLACEMENTS, len(positions)))) is not None:
        assert isinstance(stored.record, ControlRecord)
        positions.add(int(stored.record.payload["position"]))
    return frozenset(positions)


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
