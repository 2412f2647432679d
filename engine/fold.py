"""The journal folded into models: the same records give the same bytes, wherever and whenever they are folded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from engine.config import PlacementSpec
from engine.encode.base import family_of
from engine.errors import Incomplete, SealError, UnsafeExample
from engine.example import ExampleMaker, calibration_of
from engine.join import Joiner
from engine.journal.base import Reads, Stored
from engine.lineage import ORDERED, STARTS, Lineage, Origin, Publication, Resumed, State
from engine.policies import registry
from engine.records.schema import ControlRecord, DecisionRecord, SettlementRecord
from engine.records.sealing import Sealer
from engine.refusal import Note, Refusal, unnoted
from engine.states import States

_NEVER = 2**63
"""Position that no settlement reaches."""


def unattempted(_: int) -> None:
    """For folds of which nobody wants to know where they died."""


@dataclass(slots=True)
class Fold:
    """State after some prefix of the journal.

    Attributes:
        past: asked for what settlements are about.
        states: from which lineages start that a person ordered.
        resume: placement → snapshot; settlements up to its position are in it already and are not learned again, nor is
            anything in the lineages before its own.
        catalogues: placement → the newest journaled specification, with its position.
        encoder: version of the newest journaled encoder; empty before the first.
        lineages: placement → what has been learned.
        ended: placement → the lineage before, as long as a snapshot of it may still be journaled.
        note: is told of settlements that could not be learned.
        skip: positions of settlements that nobody learns (``engine.skip``).
        attempt: is told the position of each settlement before it is learned, and 0 afterwards.
    """

    sealer: Sealer
    past: Reads
    states: States
    resume: Mapping[str, Resumed] = field(default_factory=dict)
    joiner: Joiner = field(default_factory=Joiner)
    catalogues: dict[str, tuple[int, PlacementSpec]] = field(default_factory=dict)
    encoder: str = ""
    lineages: dict[str, Lineage] = field(default_factory=dict)
    ended: dict[str, Lineage] = field(default_factory=dict)
    position: int = 0
    time_us: int = 0
    note: Note = unnoted
    skip: frozenset[int] = frozenset()
    attempt: Callable[[int], None] = unattempted
    _examples: ExampleMaker = field(init=False)
    _awaited: dict[str, Resumed] = field(init=False)
    _decisions: Mapping[str, Stored] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._examples = ExampleMaker(self.sealer)
        self._awaited = dict(self.resume)

    def can_encode(self, version: str) -> bool:
        """Whether the encoder of this version was journaled, and this software can do what it did."""
        return self._examples.can_encode(version)

    def prepare(self, batch: Sequence[Stored]) -> None:
        """Look up together what the settlements among the records to be applied next are about."""
        ids = [
            record.decision_id
            for position, _, record in batch
            if isinstance(record, SettlementRecord) and self._is_news(position, record)
        ]
        self._decisions = self.past.find_all("decision", ids) if ids else {}

    def apply(self, stored: Stored) -> None:
        """Take in the next record of the journal.

        Raises:
            CorruptRecord: it contradicts those before it.
            Incomplete: it needs settlements that were cut from the journal.
            SnapshotError: a lineage starts from a state that cannot be had.
        """
        self.joiner.observe(stored)
        record = stored.record
        if isinstance(record, ControlRecord):
            self._control(stored.position, record)
        elif isinstance(record, SettlementRecord):
            self._settle(stored.position, record)
        self.position, self.time_us = stored.position, stored.time_us

    def _control(self, position: int, record: ControlRecord) -> None:
        self._examples.observe(record)
        if record.action == "catalogue":
            self.catalogues[record.placement] = (position, msgspec.convert(record.payload, PlacementSpec))
        elif record.action == "encoder":
            self.encoder = record.version
        elif record.action == "calibrate":
            self._calibrate(record)
        elif record.action == "alarm":
            self._alarmed(record)
        elif record.action in STARTS:
            self._start(position, record)
        elif record.action == "publish":
            self._published(position, record)

    def _calibrate(self, record: ControlRecord) -> None:
        lineage = self.owner(record)
        if lineage is not None:
            lineage.calibration = calibration_of(record)

    def _alarmed(self, record: ControlRecord) -> None:
        lineage = self.owner(record)
        if lineage is not None:
            lineage.alarms_told = max(lineage.alarms_told, record.payload["alarms"])

    def _start(self, position: int, record: ControlRecord) -> None:
        lineage = self._lineage(record)
        if record.action in ORDERED:
            lineage.published = Publication.of(position, record)
            self.states.keep(record.placement, lineage.published.version, lineage)
        if record.placement in self.lineages:
            self.ended[record.placement] = self.lineages[record.placement]
        self.lineages[record.placement] = lineage

    def _lineage(self, record: ControlRecord) -> Lineage:
        origin = msgspec.convert(record.payload, Origin)
        awaited = self._awaited.get(record.placement)
        if awaited is None:
            return Lineage.started(record, origin, self._first_state(record, origin))
        if awaited.lineage == record.version:
            del self._awaited[record.placement]
            return Lineage.started(record, origin, awaited.state)
        unlearned = State(registry.build(origin.policy, origin.params), settled_position=_NEVER)
        return Lineage.started(record, origin, unlearned)

    def _first_state(self, record: ControlRecord, origin: Origin) -> State:
        if record.action in ("rollback", "import"):
            return self.states.of(record)
        return State(registry.build(origin.policy, origin.params))

    def _published(self, position: int, record: ControlRecord) -> None:
        """A snapshot of the lineage before may come late: who published it had not read yet that the lineage ended."""
        lineage = self.owner(record)
        if lineage is None:
            return
        if lineage is self.lineages[record.placement]:
            self.ended.pop(record.placement, None)
            lineage.published = Publication.of(position, record)
        settled = record.payload.get("settled_position", -1)
        if settled == lineage.settled_position:
            self.states.keep(record.placement, record.version, lineage)
        elif settled > lineage.settled_position and self.can_encode(lineage.origin.encoder_version):
            self._check_whole(record, lineage)

    @staticmethod
    def _check_whole(record: ControlRecord, lineage: Lineage) -> None:
        """What nobody may learn any more, since its person was forgotten, is not missing."""
        if not lineage.refused:
            raise Incomplete(
                f"snapshot {record.version} of {record.placement} has more than the {lineage.learned} settlements that "
                f"are here: the journal was cut, and neither its archive nor a later snapshot is there"
            )

    def owner(self, record: ControlRecord) -> Lineage | None:
        """The lineage that a ``publish``, ``calibrate`` or ``alarm`` record is about."""
        candidates = (self.lineages.get(record.placement), self.ended.get(record.placement))
        id = record.payload.get("lineage")
        return next((each for each in candidates if each is not None and each.id == id), None)

    def _settle(self, position: int, record: SettlementRecord) -> None:
        lineage = self.lineages.get(record.placement)
        if lineage is None or not self._is_news(position, record):
            return
        decision = self._decision(record)
        if decision is None:
            return
        encoder = decision.encoder_version
        if family_of(encoder) != lineage.origin.encoder_version or not self.can_encode(encoder):
            return
        if position in self.skip:
            self._refuse(lineage, position, record, "kills-learner")
            return
        self.attempt(position)
        try:
            personal = self._examples.open(decision)
            lineage.loss += lineage.policy.learn(self._examples.make(decision, personal, record.reward))
        except (SealError, UnsafeExample) as error:
            self._refuse(lineage, position, record, "forgotten" if isinstance(error, SealError) else "unsafe-example")
        else:
            lineage.moments.add(self._examples.numbers(decision, personal))
            lineage.learned += 1
            lineage.settled_position = position
        self.attempt(0)

    def _is_news(self, position: int, record: SettlementRecord) -> bool:
        lineage = self.lineages.get(record.placement)
        return record.learn and (lineage is None or position > lineage.settled_position)

    def _decision(self, settlement: SettlementRecord) -> DecisionRecord | None:
        """By its position: when a decision was cut from the journal, its id may be used for another one."""
        id, position = settlement.decision_id, settlement.decision_position
        stored = self._decisions.get(id) or self.past.find("decision", id)
        if stored is None or stored.position != position:
            stored = next(iter(self.past.read(position - 1, 1)), None)
        decision = None if stored is None or stored.position != position else stored.record
        return decision if isinstance(decision, DecisionRecord) and decision.id == id else None

    def _refuse(self, lineage: Lineage, position: int, record: SettlementRecord, reason: str) -> None:
        lineage.refused += 1
        self.note(Refusal("learning", record.placement, reason, record.decision_id, position))
