"""A settlement that kills the learner each time is left out after the third death, and every fold leaves it out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.attempts import DEADLY, Attempts
from engine.policies.vw import VwPolicy
from engine.rebuild import rebuild
from engine.records.schema import ControlRecord
from engine.refusal import Refusal
from engine.skip import skip_record, skipped
from engine.snapshots import SnapshotStore, fingerprint
from engine.verify import verify
from tests.engine.mortal import Killed

TURNS = 4
POISON = "_poison"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "attempts"


def die(path: Path, position: int) -> int | None:
    """A process that dies while it learns this; what it was told when it began."""
    attempts = Attempts(path)
    deadly = attempts.begin()
    attempts.note(position)
    return deadly


def test_a_position_is_deadly_after_enough_deaths_in_a_row_and_is_told_once(path):
    assert [die(path, 7) for _ in range(DEADLY)] == [None] * DEADLY
    assert Attempts(path).begin() == 7
    assert Attempts(path).begin() is None


def test_deaths_at_other_positions_and_at_none_are_accidents(path):
    for position in (7, 7, 8, 7, 7, 0, 9, 9):
        assert die(path, position) is None
    attempts = Attempts(path)
    attempts.begin()
    attempts.note(9)
    attempts.note(0)
    assert Attempts(path).begin() is None


def test_what_was_noted_survives_a_process_that_is_killed(path):
    program = f"""
import os, signal
from pathlib import Path
from engine.attempts import Attempts
attempts = Attempts(Path({str(path)!r}))
attempts.begin()
attempts.note(41)
os.kill(os.getpid(), signal.{signal.SIGABRT.name})
"""
    for _ in range(DEADLY):
        done = subprocess.run([sys.executable, "-c", program], env=dict(os.environ), check=False, timeout=60)
        assert done.returncode == -signal.SIGABRT
    assert Attempts(path).begin() == 41


def test_a_file_that_is_something_else_is_made_anew(path):
    path.write_bytes(b"?")
    assert Attempts(path).begin() is None
    assert die(path, 3) is None


@pytest.fixture
def poisoned(bot, monkeypatch):
    """A bot with a turn that kills whoever learns it."""
    learn = VwPolicy._learn

    def deadly(self: VwPolicy, example: Any) -> Any:
        if any(POISON in name for name in example.shared):
            raise Killed
        return learn(self, example)

    for n in range(TURNS):
        context = {"n": n, POISON: 1} if n == 1 else {"n": n}
        bot.tell(bot.ask(context=context, decision_id=f"d{n}").id, 1.0)
    monkeypatch.setattr(VwPolicy, "_learn", deadly)
    return bot


def test_the_learner_gets_past_it_and_every_fold_gives_the_same_bytes(poisoned, path, tmp_path):
    refusals: list[Refusal] = []
    for _ in range(DEADLY):
        with pytest.raises(Killed):
            poisoned.settle(poisoned.learner(attempts=Attempts(path)))
    learner = poisoned.learner(attempts=Attempts(path), note=refusals.append)
    poisoned.settle(learner)
    (record,) = [record for record in poisoned.records(ControlRecord) if record.action == "skip"]
    assert (record.payload["decision_id"], record.payload["placement"]) == ("d1", "greeting")
    assert {(refusal.reason, refusal.decision_id) for refusal in refusals} == {("kills-learner", "d1")}
    lineage = learner.fold.lineages["greeting"]
    assert (lineage.learned, lineage.refused) == (TURNS - 1, 1)
    assert verify(poisoned.journal, poisoned.vault, poisoned.snapshots).snapshots
    anew = SnapshotStore(tmp_path / "anew")
    rebuild(poisoned.journal, poisoned.sealer, anew, poisoned.snapshots)
    assert anew.current("greeting").sha256 == fingerprint(lineage.policy)
    assert fingerprint(poisoned.learner().fold.lineages["greeting"].policy) == fingerprint(lineage.policy)


def test_only_settlements_are_skipped_and_they_are_counted(poisoned):
    journal = poisoned.journal
    assert (skip_record(journal, 1), skip_record(journal, 10_000)) == (None, None)
    assert skipped(journal) == frozenset()
