"""Our own journal, or its archive, as a log: what was settled, with the features that were used, not joined again."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.archive.decided import Decided, decided
from engine.archive.told import Reports
from engine.errors import SealError
from engine.example import ExampleMaker
from engine.journal.base import Reads, Stored
from engine.records.schema import ControlRecord, SettlementRecord
from engine.records.sealing import Sealer
from engine.refold import Watch, records_of, unwatched
from engine.types import TrainingExample
from simulator.logs.faults import Faults, RowFault
from simulator.logs.rows import Numbered, Row, batches_of
from simulator.logs.schema import LoggedBatch

ENCODED = ("context", "features")
"""Columns for which what was known of a person must be opened."""


@dataclass(frozen=True)
class JournalReader:
    """Reads the final settlements of one placement, in their order; a row's number is its settlement's position.

    Decisions of a person who was erased, or of an encoder that this software does not have, have no features: they are
    faults where features are wanted, and rows like any other where not.

    Attributes:
        past: a journal, an archive, or both (``engine.archive.history.History``).
        sealer: opens what was known of persons.
        watch: is told how many records have been read.
    """

    past: Reads
    sealer: Sealer
    placement: str
    watch: Watch = unwatched

    @property
    def taken_for(self) -> str:
        """See ``Reader.taken_for``."""
        return f"the journal's decisions for {self.placement}"

    def batches(self, faults: Faults, columns: Collection[str] | None = None) -> Iterator[LoggedBatch]:
        """See ``Reader.batches``. Raises ``JournalError`` if records are missing or damaged."""
        encoded = columns is None or any(name in columns for name in ENCODED)
        return batches_of(_Reading(self, faults, encoded).rows(), columns)


class _Unopened(NamedTuple):
    field: str
    expected: str
    found: str


@dataclass(slots=True)
class _Reading:
    """One pass over the records."""

    reader: JournalReader
    faults: Faults
    encoded: bool
    _reports: Reports = field(default_factory=Reports)
    _published: dict[str, int] = field(default_factory=dict)
    _examples: ExampleMaker = field(init=False)

    def __post_init__(self) -> None:
        self._examples = ExampleMaker(self.reader.sealer)

    def rows(self) -> Iterator[Numbered]:
        for stored in records_of(self.reader.past, self.reader.watch):
            self._reports.observe(stored)
            record = stored.record
            if isinstance(record, ControlRecord):
                self._control(record)
            elif isinstance(record, SettlementRecord) and not record.early:
                if record.placement == self.reader.placement:
                    yield from self._settled(stored, record)
                self._reports.forget(record.decision_id)

    def _control(self, record: ControlRecord) -> None:
        self._examples.observe(record)
        if record.placement == self.reader.placement and record.action == "publish":
            self._published[record.version] = int(record.payload["settled_position"])

    def _settled(self, stored: Stored, settlement: SettlementRecord) -> Iterator[Numbered]:
        decision = decided(self.reader.past, settlement)
        example = self._example(decision, settlement.reward)
        if isinstance(example, _Unopened):
            self.faults.add(RowFault(stored.position, *example))
        else:
            yield Numbered(stored.position, self._row(decision, settlement, example))

    def _example(self, decided: Decided, reward: float) -> TrainingExample | _Unopened | None:
        record = decided.record
        if not self.encoded or record.chosen is None:
            return None
        if not self._examples.can_encode(record.encoder_version):
            return _Unopened("encoder_version", "an encoder of this software", record.encoder_version)
        try:
            return self._examples.make(record, self._examples.open(record), reward)
        except SealError:
            return _Unopened("sealed", "a person who was not erased", "one who was")

    def _row(self, decided: Decided, settlement: SettlementRecord, example: TrainingExample | None) -> Row:
        record = decided.record
        seen = self._reports.about(record.id).seen and not record.not_shown
        return Row(
            id=record.id,
            time=decided.time_us,
            unit=record.unit,
            context={} if example is None else dict(example.shared),
            candidates=list(record.candidates),
            features=None if example is None else [dict(each.features) for each in example.candidates],
            pmf=list(record.pmf) or None,
            chosen=record.chosen,
            propensity=None if record.chosen is None else record.pmf[record.chosen],
            policy=record.model_version,
            position=self._published.get(record.model_version, -1),
            reward=settlement.reward,
            group=record.group,
            learnable=record.learnable and seen,
        )
