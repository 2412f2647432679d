"""The joiner: outcomes to decisions, in journal time, until every decision has its final reward.

A pure fold over records: the same records give the same settlements, whoever folds them, whenever. A decision closes
``window + grace`` after its append; the first later record of any kind makes its settlement due; its own
``SettlementRecord``, read back from the journal, ends it.
"""

from __future__ import annotations

import heapq

import msgspec

from engine.config import PlacementSpec
from engine.early import EarlyOutcomes
from engine.errors import CorruptRecord
from engine.journal.base import Stored
from engine.lru import Lru
from engine.open_decision import OpenDecision, Terms
from engine.records.schema import ControlRecord, DecisionRecord, OutcomeRecord, SettlementRecord, ShownRecord

DAY_US = 86_400_000_000
SETTLED_REMEMBERED = 65_536


class Joiner:
    """Feed it every record in order; ask it what is due.

    To settle: read to the end of the journal, append ``pending()``, go on reading. A settlement stays pending until its
    record is observed, so a learner that dies in between settles the same after it is started again.

    Args:
        early_wait_us: how long an outcome waits for its decision.

    Attributes:
        late: outcomes that came after their decision's window, as far back as settled decisions are remembered.
        orphans: outcomes whose decision never came.
    """

    def __init__(self, *, early_wait_us: int = DAY_US) -> None:
        self.late = 0
        self.orphans = 0
        self._position = 0
        self._terms: dict[str, Terms] = {}
        self._open: dict[str, OpenDecision] = {}
        self._closing: list[tuple[int, int, str]] = []
        self._due: dict[str, tuple[int, SettlementRecord]] = {}
        self._settled: Lru[str, bool] = Lru(SETTLED_REMEMBERED)
        self._early = EarlyOutcomes(early_wait_us)

    @property
    def open_count(self) -> int:
        """Decisions whose window is still open: while there are any, time must go on."""
        return len(self._open)

    @property
    def low_watermark(self) -> int | None:
        """The first position that still matters: nothing before it is about a decision that is not yet settled.

        A joiner that ``know``s the catalogues and observes the journal from here on goes on as this one would. ``None``
        if everything is settled.
        """
        positions = [decision.since for decision in self._open.values()]
        positions += [since for since, _ in self._due.values()]
        if self._early.oldest is not None:
            positions.append(self._early.oldest)
        return min(positions, default=None)

    def know(self, version: str, spec: PlacementSpec) -> None:
        """Remember a catalogue version; those in the records that are observed need no telling."""
        self._terms[version] = Terms.of(spec)

    def observe(self, stored: Stored) -> None:
        """Take in the next record. Records seen before change nothing.

        Raises:
            CorruptRecord: a decision names a catalogue that the journal did not announce before it.
        """
        if stored.position <= self._position:
            return
        self._position = stored.position
        self._close(stored.time_us)
        self.orphans += self._early.expire(stored.time_us)
        record = stored.record
        if isinstance(record, DecisionRecord):
            self._decision(record, stored)
        elif isinstance(record, OutcomeRecord):
            self._outcome(record, stored)
        elif isinstance(record, SettlementRecord):
            self._settlement(record)
        elif isinstance(record, ShownRecord):
            self._shown(record)
        elif isinstance(record, ControlRecord) and record.action == "catalogue":
            self.know(record.version, msgspec.convert(record.payload, PlacementSpec))

    def pending(self) -> list[SettlementRecord]:
        """Settlements that are due and not yet in the journal, by close time, then by decision position."""
        return [settlement for _, settlement in self._due.values()]

    @property
    def next_due(self) -> SettlementRecord | None:
        """The pending settlement that comes first."""
        return next((settlement for _, settlement in self._due.values()), None)

    def due(self, decision_id: str) -> SettlementRecord | None:
        """The pending settlement of one decision."""
        return self._due[decision_id][1] if decision_id in self._due else None

    def _close(self, now_us: int) -> None:
        while self._closing and self._closing[0][0] < now_us:
            _, _, id = heapq.heappop(self._closing)
            decision = self._open.pop(id, None)
            if decision is not None:
                self._due[id] = (decision.since, decision.settlement())

    def _decision(self, record: DecisionRecord, stored: Stored) -> None:
        if record.id in self._open or self._is_closed(record.id):
            return
        terms = self._terms.get(record.catalogue)
        if terms is None:
            raise CorruptRecord(f"decision {record.id} names catalogue {record.catalogue}, which was never announced")
        decision = OpenDecision.of(record, stored.position, stored.time_us, terms)
        for early in self._early.take(record.id):
            decision.since = min(decision.since, early.position)
            if isinstance(early.record, OutcomeRecord):
                decision.count(early.record)
        self._open[record.id] = decision
        heapq.heappush(self._closing, (decision.closes_us, decision.position, record.id))

    def _outcome(self, record: OutcomeRecord, stored: Stored) -> None:
        decision = self._open.get(record.decision_id)
        if decision is not None:
            decision.count(record)
        elif self._is_closed(record.decision_id):
            self.late += 1
        else:
            self._early.add(record.decision_id, stored)

    def _shown(self, record: ShownRecord) -> None:
        decision = self._open.get(record.decision_id)
        if decision is not None:
            decision.unseen = False

    def _settlement(self, record: SettlementRecord) -> None:
        self._open.pop(record.decision_id, None)
        self._due.pop(record.decision_id, None)
        self._settled.put(record.decision_id, True)

    def _is_closed(self, decision_id: str) -> bool:
        return decision_id in self._due or decision_id in self._settled
