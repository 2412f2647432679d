"""What was decided years ago can be encoded again, to the last bit, by whoever has the journal and its keys."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.in_process import InProcess, engine_in
from benchmarks.learnable_journal import SECOND_US, SetClock, outcome_of
from engine.announce import announce
from engine.encode.base import Calibration, Cross, Encoder, family_of
from engine.encode.ranges import RangeEncoder, RangeSpec
from engine.encode.standard import StandardEncoder, StandardSpec
from engine.journal.sqlite import SqliteJournal
from engine.learn import Learner
from engine.models import ModelWatch
from engine.snapshots import SnapshotStore
from engine.tenure import Tenure, own_name
from features.clock import wall_clock
from features.plan import load
from features.repository import plan_path
from features.vector import Freshness, Scalar
from tests.e2e.reencode_worker import digest

DECISIONS = 12_000
BATCH = 250
ROUNDS = 6


class Witness:
    """An encoder that remembers which one encoded each context, and to what."""

    def __init__(self, encoder: Encoder, seen: list[tuple[str, str]]) -> None:
        self._encoder = encoder
        self._seen = seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def calibrated(self, calibration: Calibration) -> Witness:
        return Witness(self._encoder.calibrated(calibration), self._seen)

    def shared(
        self,
        values: Mapping[str, Scalar],
        freshness: Mapping[str, Freshness],
        missing: Collection[str] = (),
        crosses: Sequence[Cross] = (),
    ) -> dict[str, float]:
        encoded = self._encoder.shared(values, freshness, missing, crosses)
        self._seen.append((self._encoder.version, digest(encoded)))
        return encoded


def lived(folder: Path, feast_home: Path, decisions: int) -> list[tuple[str, str]]:
    """A life in two halves, with a release between them that brings another encoder; what the policies saw."""
    engine, plan = engine_in(folder, feast_home, users=200), load(plan_path(feast_home))
    seen: list[tuple[str, str]] = []
    clock, numbers = SetClock(wall_clock() - 10**12), count()
    older = RangeEncoder(RangeSpec(ranges=plan.ranges, texts=plan.texts))
    with closing(SqliteJournal(folder / "journal.db", "process", engine.vault.keys.flush, clock)) as journal:
        for encoder in (older, StandardEncoder(StandardSpec.of(plan))):
            served = replace(engine.placement.served, encoder=Witness(encoder, seen))
            engine.placement.served = served
            announce(journal, {engine.placement.name: engine.spec}, encoder)
            for _ in range(ROUNDS):
                _decide(engine, journal, clock, [next(numbers) for _ in range(decisions // 2 // ROUNDS)])
                _learn(engine, journal, clock, folder)
    return seen


def _decide(engine: InProcess, journal: SqliteJournal, clock: SetClock, numbers: list[int]) -> None:
    for start in range(0, len(numbers), BATCH):
        decided = engine.records(numbers[start : start + BATCH])
        for records in (decided, [outcome_of(record) for record in decided]):
            journal.append(records)
            clock.now_us += SECOND_US
    clock.now_us += 10**10


def _learn(engine: InProcess, journal: SqliteJournal, clock: SetClock, folder: Path) -> None:
    tenure, snapshots = Tenure(journal, own_name()), SnapshotStore(folder / "snapshots")
    tenure.take()
    learner = Learner(journal=journal, snapshots=snapshots, sealer=engine.vault.sealer, clock=clock, tenure=tenure)
    learner.restore()
    while learner.step():
        pass
    tenure.end()
    ModelWatch(snapshots, {engine.placement.name: engine.placement}).refresh()


def test_every_decision_is_encoded_again_as_it_was_across_calibrations_and_an_upgrade(
    tmp_path: Path, feast_home: Path
) -> None:
    seen = lived(tmp_path, feast_home, DECISIONS)
    command = [sys.executable, "-m", "tests.e2e.reencode_worker", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    again = [tuple(json.loads(line)) for line in done.stdout.splitlines()]
    versions = {version for version, _ in again}

    assert len(seen) == DECISIONS
    assert again == seen
    assert {family_of(version)[:2] for version in versions} == {"e2", "e3"}
    assert len(versions) > 3, "calibrations were told, and served"
