"""A journal of many decisions, each with an outcome, whose windows have closed: ready to be settled and learned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.in_process import InProcess, engine_in
from engine.announce import announce
from engine.config import microseconds
from engine.example import ExampleMaker
from engine.journal.sqlite import SqliteJournal
from engine.records.schema import AnyRecord, DecisionRecord, OutcomeRecord, TickRecord
from engine.records.sealing import Sealer
from engine.types import TrainingExample
from features.clock import wall_clock

METRIC = "clicked"
USERS = 200
BATCH = 250
SECOND_US = 1_000_000


class SetClock:
    """A ``Clock`` that shows what it was set to."""

    def __init__(self, now_us: int) -> None:
        self.now_us = now_us

    def __call__(self) -> int:
        return self.now_us


@dataclass(frozen=True, slots=True)
class LearnableJournal:
    """``path`` is the file."""

    path: Path
    decisions: int
    engine: InProcess

    @property
    def sealer(self) -> Sealer:
        """Opens the records."""
        return self.engine.vault.sealer

    def examples(self) -> Iterator[list[TrainingExample]]:
        """What there is to learn, in order, some hundred examples at a time."""
        maker, weight = ExampleMaker(self.sealer), self.engine.spec.reward.metrics[METRIC]
        maker.know(self.engine.placement.catalogue.version, self.engine.spec)
        maker.know_encoder(self.engine.placement.served.encoder)
        with closing(SqliteJournal(self.path)) as journal:
            position = 0
            while batch := journal.read(position, 2 * BATCH):
                decided = [stored.record for stored in batch if isinstance(stored.record, DecisionRecord)]
                yield [maker.make(record, maker.open(record), weight * _value(record)) for record in decided]
                position = batch[-1].position


def write_journal(folder: Path, home: Path, decisions: int) -> LearnableJournal:
    """Let the engine decide, and put what it recorded into a journal of its own, each batch before its outcomes."""
    engine = engine_in(folder, home, USERS)
    window_us = microseconds(engine.spec.reward.window)
    clock = SetClock(wall_clock() - 3 * window_us)
    path = folder / "journal.db"
    with closing(SqliteJournal(path, "process", engine.vault.keys.flush, clock)) as journal:
        announce(journal, {engine.placement.name: engine.spec}, engine.placement.served.encoder)
        for first in range(0, decisions, BATCH):
            decided = engine.records(range(first, min(first + BATCH, decisions)))
            for records in (decided, [outcome_of(record) for record in decided]):
                journal.append(records)
                clock.now_us += SECOND_US
        clock.now_us += 2 * window_us
        journal.append([TickRecord()])
    return LearnableJournal(path, decisions, engine)


def outcome_of(record: DecisionRecord) -> AnyRecord:
    """What came of it."""
    return OutcomeRecord(id="o", decision_id=record.id, metric=METRIC, value=_value(record))


def _value(record: DecisionRecord) -> float:
    """Some actions are clicked more often than others."""
    assert record.chosen is not None
    return float(int(record.id[-4:], 16) % 20 < record.chosen)
