"""From a settlement back to its decision."""

from __future__ import annotations

from typing import NamedTuple

from engine.errors import CorruptRecord
from engine.journal.base import Reads
from engine.records.schema import DecisionRecord, SettlementRecord


class Decided(NamedTuple):
    """A decision, its place and its time (µs)."""

    position: int
    time_us: int
    record: DecisionRecord


def decided(past: Reads, settlement: SettlementRecord) -> Decided:
    """The decision that was settled. Raises ``CorruptRecord`` if it is not where the settlement says."""
    found = past.read(settlement.decision_position - 1, 1)
    record = found[0].record if found else None
    if not (isinstance(record, DecisionRecord) and record.id == settlement.decision_id):
        raise CorruptRecord(f"no decision {settlement.decision_id} at position {settlement.decision_position}")
    return Decided(found[0].position, found[0].time_us, record)
