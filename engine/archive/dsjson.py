"""DSJSON from a journal: one line a settled decision, for Vowpal Wabbit's own driver and for tools of evaluation.

The two want different labels (``archive.labels``): whoever evaluates asks what happened, whoever repeats our learning
asks what was learned. Either way the logged probabilities of all candidates are in ``p``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.archive.decided import decided
from engine.archive.dsjson_line import Lines
from engine.archive.labels import Labels
from engine.archive.line_file import Exported, LineFile
from engine.archive.told import Reports
from engine.errors import SealError, UnsafeExample
from engine.example import ExampleMaker
from engine.journal.base import Reads, Stored
from engine.records.schema import ALL_PLACEMENTS, ControlRecord, DecisionRecord, SettlementRecord
from engine.records.sealing import Sealer
from engine.refold import Watch, records_of, unwatched
from engine.types import TrainingExample
from engine.vowpal_guards import safe_features


@dataclass(slots=True)
class DsjsonExport:
    """Writes the lines of one placement, or of all, into a file.

    Attributes:
        known: placements that the records told of.
    """

    past: Reads
    sealer: Sealer
    labels: Labels
    file: LineFile
    placement: str | None = None
    known: set[str] = field(default_factory=set)
    _reports: Reports = field(default_factory=Reports)
    _lines: Lines = field(default_factory=Lines)
    _examples: ExampleMaker = field(init=False)

    def __post_init__(self) -> None:
        self._examples = ExampleMaker(self.sealer)

    def run(self, watch: Watch = unwatched) -> Exported:
        """Read everything, write what was settled. ``watch`` is told how many records have been read.

        Raises:
            CorruptRecord: a record is missing or damaged.
        """
        for stored in records_of(self.past, watch):
            self._observe(stored)
        return self.file.done

    def _observe(self, stored: Stored) -> None:
        self._reports.observe(stored)
        record = stored.record
        if isinstance(record, ControlRecord):
            self._control(record)
        elif isinstance(record, SettlementRecord):
            if self.placement in (None, record.placement):
                self._settlement(stored.position, record)
            if not record.early:
                self._reports.forget(record.decision_id)

    def _control(self, record: ControlRecord) -> None:
        self._examples.observe(record)
        if record.action == "catalogue":
            self.known.add(record.placement)
        elif record.placement in (self.placement, ALL_PLACEMENTS):
            self.labels.control(record, self.file)

    def _settlement(self, position: int, record: SettlementRecord) -> None:
        _, decided_us, decision = decided(self.past, record)
        if not self.labels.wants(record, decision):
            return
        if decision.chosen is None:
            self.file.done.without_action += 1
        elif not self._examples.can_encode(decision.encoder_version):
            self.file.done.foreign += 1
        else:
            self._write(position, decision, decided_us, record.reward)

    def _write(self, position: int, decision: DecisionRecord, decided_us: int, reward: float) -> None:
        told = self._reports.about(decision.id)
        try:
            example = self._examples.make(decision, self._examples.open(decision), reward)
            _check_features(example)
            label = self.labels.label(position, decision, example, told)
        except SealError:
            self.file.done.forgotten += 1
            return
        except UnsafeExample:
            self.file.done.unsafe += 1
            return
        self.file.write(self._lines.line(decision, decided_us, example, told.outcomes, label, reward))
        self.file.done.skipped += label.skip


def _check_features(example: TrainingExample) -> None:
    for features in (example.shared, *(candidate.features for candidate in example.candidates)):
        safe_features(features)
