"""The joiner: outcomes to decisions, in journal time, until every decision has its final reward.

A pure fold over records: the same records give the same settlements, whoever folds them, whenever. A decision closes
``window + grace`` after its append; the first later record of any kind makes its settlement due; its own
``SettlementRecord``, read back from the journal, ends it. Under ``settle: earliest`` an early settlement comes first,
due with the record that gave it something to learn from.
"""

from __future__ import annotations

import msgspec

from engine.agenda import MOST_IN_MEMORY, Agenda
from engine.config import PlacementSpec
from engine.early import MOST_WAITING, EarlyOutcomes
from engine.errors import CorruptRecord
from engine.journal.base import Stored
from engine.lru import Lru
from engine.open_decision import OpenDecision, Terms
from engine.parking import MemoryParking, Parking
from engine.records.schema import ControlRecord, DecisionRecord, OutcomeRecord, SettlementRecord, ShownRecord

DAY_US = 86_400_000_000
SETTLED_REMEMBERED = 65_536
MOST_DUE = 8_192

_Key = tuple[str, bool]


class Joiner:
    """Feed it every record in order; ask it what is due.

    To settle: read to the end of the journal, append ``pending()``, go on reading, until nothing is pending. A
    settlement stays pending until its record is observed, so a learner that dies in between settles the same after it
    is started again.

    Args:
        early_wait_us, most_early: how long an outcome waits for its decision, and how many later reports it outlasts.
        parking: where decisions wait that close much later.
        most_in_memory, most_due: how many open decisions, and how many settlements, are held in memory; the settlements
            and their order are the same whatever these are.

    Attributes:
        late: outcomes that came after their decision's window, as far back as settled decisions are remembered.
        orphans: outcomes and displays whose decision never came.
    """

    def __init__(
        self,
        *,
        early_wait_us: int = DAY_US,
        most_early: int = MOST_WAITING,
        parking: Parking | None = None,
        most_in_memory: int = MOST_IN_MEMORY,
        most_due: int = MOST_DUE,
    ) -> None:
        self.late = 0
        self.orphans = 0
        self._position = 0
        self._now_us = 0
        self._terms: dict[str, Terms] = {}
        self._agenda = Agenda(MemoryParking() if parking is None else parking, most_in_memory)
        self._most_due = most_due
        self._due: dict[_Key, tuple[int, SettlementRecord]] = {}
        self._settled: Lru[str, bool] = Lru(SETTLED_REMEMBERED)
        self._early = EarlyOutcomes(early_wait_us, most_early)

    @property
    def open_count(self) -> int:
        """Decisions whose final settlement is not due yet: while there are any, time must go on."""
        self._make_due()
        return len(self._agenda)

    @property
    def low_watermark(self) -> int | None:
        """The first position that still matters: nothing before it is about a decision that is not yet settled.

        A joiner that ``know``s the catalogues and observes the journal from here on goes on as this one would. ``None``
        if everything is settled.
        """
        positions = [since for since, _ in self._due.values()]
        positions += [oldest for oldest in (self._agenda.oldest, self._early.oldest) if oldest is not None]
        return min(positions, default=None)

    def know(self, version: str, spec: PlacementSpec) -> None:
        """Remember a catalogue version; those in the records that are observed need no telling."""
        self._terms[version] = Terms.of(spec)

    def observe(self, stored: Stored) -> None:
        """Take in the next record. Records seen before change nothing.

        Raises:
            CorruptRecord: a decision names a catalogue that the journal did not announce before it.
            ParkingError: what was parked is lost. This joiner is of no more use; another one folds the journal anew.
        """
        if stored.position <= self._position:
            return
        self._position = stored.position
        self._now_us = max(self._now_us, stored.time_us)
        self._agenda.trim()
        self.orphans += self._early.expire(self._now_us)
        record = stored.record
        if isinstance(record, DecisionRecord):
            self._decision(record, stored)
        elif isinstance(record, OutcomeRecord):
            self.late += self._report(stored, record.decision_id)
        elif isinstance(record, SettlementRecord):
            self._settlement(record)
        elif isinstance(record, ShownRecord):
            self._report(stored, record.decision_id)
        elif isinstance(record, ControlRecord) and record.action == "catalogue":
            self.know(record.version, msgspec.convert(record.payload, PlacementSpec))

    def pending(self) -> list[SettlementRecord]:
        """Settlements that are due and not yet in the journal, in the order in which they became due.

        That is by close time, then by decision position; an early one comes when its decision was first worth learning
        from. At most ``most_due``: the next ones follow when these were observed.
        """
        self._make_due()
        return [settlement for _, settlement in self._due.values()]

    @property
    def next_due(self) -> SettlementRecord | None:
        """The pending settlement that comes first."""
        self._make_due()
        return next((settlement for _, settlement in self._due.values()), None)

    def due(self, decision_id: str, *, early: bool = False) -> SettlementRecord | None:
        """The pending settlement of one decision, the final or the early one."""
        self._make_due()
        found = self._due.get((decision_id, early))
        return None if found is None else found[1]

    def _make_due(self) -> None:
        """As late as possible: until somebody asks, what is due needs no more room than what is open."""
        while len(self._due) < self._most_due:
            decision = self._agenda.take_due(self._now_us)
            if decision is None:
                return
            settlement = decision.settlement(self._terms[decision.catalogue])
            self._due[decision.id, settlement.early] = (decision.since, settlement)
            self._done(decision, settlement.early)

    def _done(self, decision: OpenDecision, early: bool) -> None:
        if early:
            decision.early_due = False
            self._agenda.put(decision)
        else:
            self._agenda.remove(decision.id)

    def _decision(self, record: DecisionRecord, stored: Stored) -> None:
        if self._agenda.find(record.id) is not None:
            return
        self._settled.discard(record.id)  # of a decision that was cut from the journal, whose id is used again
        terms = self._terms.get(record.catalogue)
        if terms is None:
            raise CorruptRecord(f"decision {record.id} names catalogue {record.catalogue}, which was never announced")
        decision = OpenDecision.of(record, stored, terms)
        for early in self._early.take(record.id):
            decision.since = min(decision.since, early.position)
            decision.hear(early.record, terms)
        decision.ripen(stored, terms)
        self._agenda.put(decision)

    def _report(self, stored: Stored, decision_id: str) -> bool:
        """Take in an outcome or a display. True if it came after its decision's window."""
        self._early.reported()
        if self._is_closed(decision_id):
            return True
        decision = self._agenda.find(decision_id)
        if decision is None:
            self._early.add(decision_id, stored)
            return False
        if decision.closes_us < self._now_us:
            return True
        terms = self._terms[decision.catalogue]
        decision.hear(stored.record, terms)
        if decision.ripen(stored, terms):
            self._agenda.put(decision)
        return False

    def _settlement(self, record: SettlementRecord) -> None:
        key = (record.decision_id, record.early)
        if key not in self._due:
            self._make_due()
        if self._due.pop(key, None) is None:
            decision = self._agenda.find(record.decision_id)
            if decision is not None:
                self._done(decision, record.early)
        if not record.early:
            self._settled.put(record.decision_id, True)

    def _is_closed(self, decision_id: str) -> bool:
        return (decision_id, False) in self._due or decision_id in self._settled
