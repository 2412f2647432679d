"""An id whose decision was cut from the journal may be used again: both are settled, learned and proven, each once."""

from __future__ import annotations

from typing import Any

import pytest

from engine import join
from engine.archive.history import History
from engine.archive.manifest import read_manifest
from engine.archive.retention import cuttable
from engine.archive.write import Archiver
from engine.rebuild import rebuild
from engine.records.schema import SettlementRecord, TickRecord
from engine.snapshots import SnapshotStore
from engine.verify import verify

DAY_US = 86_400_000_000
REUSED = "turn-1"


@pytest.mark.parametrize("remembered", [join.SETTLED_REMEMBERED, 2])
@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("settlements_too", [False, True])
def test_a_decision_of_a_used_id_is_another_one(
    bot, files, tmp_path, monkeypatch, remembered: int, restarted: bool, settlements_too: bool
) -> None:
    monkeypatch.setattr(join, "SETTLED_REMEMBERED", remembered)
    learner = bot.learner()
    for n in range(6):
        bot.tell(bot.ask(decision_id=f"turn-{n}", context={"n": n}).id, float(n % 2))
    before_settlements = bot.journal.last_position()
    bot.settle(learner)
    bot.ask(decision_id="last")
    bot.settle(learner)
    _cut(bot, files, None if settlements_too else before_settlements)
    learner = bot.learner() if restarted else learner

    bot.tell(bot.ask(decision_id=REUSED, context={"n": 77}).id, 1.0)
    bot.settle(learner)

    assert learner.fold.joiner.next_due is None
    settled = [record for record in bot.records(SettlementRecord) if record.decision_id == REUSED]
    assert len({record.decision_position for record in settled}) == len(settled) == (1 if settlements_too else 2)
    past = History(files, 0, bot.journal)
    verify(past, bot.vault, bot.snapshots)
    rebuild(past, bot.sealer, SnapshotStore(tmp_path / "anew"), bot.snapshots)


def _cut(bot: Any, files: Any, position: int | None) -> None:
    archiver = Archiver(bot.journal, files, part_rows=10)
    while archiver.archive():
        pass
    bot.clock.advance(100 * 86_400)
    bot.journal.append([TickRecord()])
    most = cuttable(bot.journal, bot.snapshots, read_manifest(files, 0), 90 * DAY_US).position
    bot.journal.cut(most if position is None else min(position, most))
