"""What was reported about decisions until they were settled for good."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.early import EarlyOutcomes
from engine.join import DAY_US
from engine.journal.base import Stored
from engine.records.schema import DecisionRecord, OutcomeRecord, ShownRecord


@dataclass(slots=True)
class Told:
    """About one decision: outcomes as they came, and whether it was seen."""

    seen: bool
    outcomes: list[OutcomeRecord] = field(default_factory=list)

    def hear(self, stored: Stored) -> None:
        """Take in an outcome, or that the content was shown."""
        if isinstance(stored.record, OutcomeRecord):
            self.outcomes.append(stored.record)
        elif isinstance(stored.record, ShownRecord):
            self.seen = True


class Reports:
    """Feed it every record in order; ask it when a decision is settled. What comes earlier than its decision waits."""

    def __init__(self) -> None:
        self._open: dict[str, Told] = {}
        self._early = EarlyOutcomes(DAY_US)

    def observe(self, stored: Stored) -> None:
        """Take in the next record."""
        self._early.expire(stored.time_us)
        record = stored.record
        if isinstance(record, DecisionRecord):
            told = self._open[record.id] = Told(seen=not record.deferred)
            for early in self._early.take(record.id):
                told.hear(early)
        elif isinstance(record, OutcomeRecord | ShownRecord):
            self._early.reported()
            if record.decision_id in self._open:
                self._open[record.decision_id].hear(stored)
            else:
                self._early.add(record.decision_id, stored)

    def about(self, decision_id: str) -> Told:
        """What has been reported so far."""
        return self._open.get(decision_id) or Told(seen=False)

    def forget(self, decision_id: str) -> None:
        """The decision is settled for good."""
        self._open.pop(decision_id, None)
