"""What the journal says came of each decision. Nothing is taken from what the client saw, nothing sealed is opened."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from engine.journal.base import Journal, Stored
from engine.records.schema import DecisionRecord, SettlementRecord, ShownRecord

BATCH = 2_000
POLL_S = 0.25
PATIENCE_S = 20.0


@dataclass(slots=True)
class Counted:
    """One decision. ``reward`` is ``None`` until it is settled; ``matched`` if it was shown before that."""

    action: str | None
    matched: bool
    reward: float | None = None

    @property
    def earned(self) -> float | None:
        """The reward, if the decision was really shown."""
        return self.reward if self.matched else None


@dataclass(slots=True)
class JournalCount:
    """A fold over the journal: its decisions, in journal order.

    Attributes:
        unsettled: decisions whose reward is not final yet.
        late: decisions that were reported shown only after they were settled: too late to be learned or to count.
    """

    decisions: list[Counted] = field(default_factory=list)
    unsettled: int = 0
    late: int = 0
    position: int = 0
    _by_id: dict[str, Counted] = field(default_factory=dict)

    def read(self, journal: Journal) -> bool:
        """Take in what is new; whether there was anything."""
        before = self.position
        while batch := journal.read(self.position, BATCH):
            for stored in batch:
                self._observe(stored)
        return self.position > before

    def earned(self) -> list[float]:
        """Rewards of matched decisions, in journal order."""
        return [each.earned for each in self.decisions if each.earned is not None]

    def _observe(self, stored: Stored) -> None:
        self.position, record = stored.position, stored.record
        if isinstance(record, DecisionRecord):
            self._decided(record)
        elif isinstance(record, ShownRecord) and record.decision_id in self._by_id:
            self._shown(self._by_id[record.decision_id])
        elif isinstance(record, SettlementRecord) and record.decision_id in self._by_id:
            self._settled(record)

    def _settled(self, record: SettlementRecord) -> None:
        if not record.early:
            self._by_id[record.decision_id].reward = record.reward
            self.unsettled -= 1

    def _decided(self, record: DecisionRecord) -> None:
        action = None if record.chosen is None else record.candidates[record.chosen]
        counted = Counted(action, matched=action is not None and not record.deferred)
        self.decisions.append(counted)
        self._by_id[record.id] = counted
        self.unsettled += 1

    def _shown(self, counted: Counted) -> None:
        if counted.reward is None:
            counted.matched = counted.action is not None
        else:
            self.late += 1


def count_when_settled(journal: Journal, patience_s: float = PATIENCE_S) -> JournalCount:
    """Read on until every decision is settled, or the learner has settled none for ``patience_s``."""
    count = JournalCount()
    count.read(journal)
    unsettled, deadline = count.unsettled, time.monotonic() + patience_s
    while count.unsettled and time.monotonic() < deadline:
        time.sleep(POLL_S)
        count.read(journal)
        if count.unsettled < unsettled:
            unsettled, deadline = count.unsettled, time.monotonic() + patience_s
    return count
