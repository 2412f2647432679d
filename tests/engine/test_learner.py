"""The learner may be killed anywhere: it learns each settlement once and ends with the bytes it would have had."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from engine import learn
from engine.errors import CorruptRecord, JournalError, SnapshotError
from engine.fold import Lineage
from engine.journal.base import Stored
from engine.journal.memory import MemoryJournal
from engine.learn import Learner
from engine.records.schema import ControlRecord, DecisionRecord, SettlementRecord, TickRecord
from engine.snapshots import SnapshotStore, fingerprint
from engine.verify import verify
from tests.engine.mortal import Death, Fragile, Killed

TURNS = 3
PUBLISH_EVERY_US = 3_000_000


class Life(NamedTuple):
    """What a learner, started anew after it was killed, left behind."""

    settled: list[tuple[str, float]]
    bytes: dict[str, str]
    moments: int
    journal: MemoryJournal
    snapshots: SnapshotStore


def talk(bot, turns: int = TURNS) -> list[Stored]:
    """Turns of two placements with outcomes, one second apart; what they left in the journal."""
    for n in range(turns):
        bot.clock.advance(1)
        decision, _ = bot.turn(f"t{n}", "greeting", "offer", context={"n": n})
        bot.clock.advance(1)
        bot.tell(decision.id, float(n % 2), outcome_id=f"o{n}")
    return bot.journal.read(0, 1_000)


def live(bot, script: list[Stored], folder: Path, at: int | None = None) -> Life:
    """Let a learner follow the script, killed at one moment, and give it time to finish."""
    bot.clock.now_us = script[0].time_us
    journal, snapshots, death = MemoryJournal(bot.clock), SnapshotStore(folder), Death(at)
    parts = {"journal": Fragile(journal, death), "snapshots": Fragile(snapshots, death)}

    def started() -> Learner:
        try:
            return bot.learner(**parts, publish_every_us=PUBLISH_EVERY_US)
        except Killed:
            return started()

    learner, end_us = started(), script[-1].time_us
    moments = [(stored.time_us, [stored.record]) for stored in script]
    for time_us, records in [*moments, *((end_us + n * 2_000_000, []) for n in range(1, 8))]:
        bot.clock.now_us = time_us
        journal.append(records)
        for _ in range(2):
            try:
                learner.step()
                death.may_come()
            except Killed:
                assert served_without_record(journal, snapshots) == []
                learner = started()
    settlements = [stored.record for stored in journal.read(0, 10_000) if isinstance(stored.record, SettlementRecord)]
    settled = [(settlement.decision_id, settlement.reward) for settlement in settlements]
    return Life(settled, bytes_of(learner.fold.lineages), death.moments, journal, snapshots)


def served_without_record(journal: MemoryJournal, snapshots: SnapshotStore) -> list[str]:
    """Versions that workers would swap in though nothing in the journal explains them."""
    current = [snapshots.current(placement) for placement in snapshots.placements()]
    return [m.version for m in current if m and journal.find("control", f"publish/{m.placement}/{m.version}") is None]


def bytes_of(lineages: dict[str, Lineage]) -> dict[str, str]:
    return {name: fingerprint(lineage.policy) for name, lineage in lineages.items()}


def controls(bot, action: str) -> list[ControlRecord]:
    return [record for record in bot.records(ControlRecord) if record.action == action]


def test_killed_at_any_moment_each_settlement_is_learned_once_and_the_bytes_are_the_same(bot, tmp_path):
    script = talk(bot)
    whole = live(bot, script, tmp_path / "whole")
    assert len(whole.settled) == 2 * TURNS
    assert whole.moments > 40
    assert len(set(whole.bytes.values())) == 2
    for moment in range(1, whole.moments + 1):
        killed = live(bot, script, tmp_path / str(moment), moment)
        assert killed.settled == whole.settled, moment
        assert killed.bytes == whole.bytes, moment
        assert verify(killed.journal, bot.vault, killed.snapshots).snapshots, moment
        for placement, sha256 in whole.bytes.items():
            current = killed.snapshots.current(placement)
            assert current is not None, moment
            assert current.sha256 == sha256, moment


def test_nothing_is_settled_before_its_window_and_grace_are_over(bot):
    decision = bot.ask()
    learner = bot.learner()
    bot.clock.advance(6.0)
    bot.tell(decision.id)
    while learner.step():
        pass
    assert not bot.records(SettlementRecord)
    bot.clock.advance(1.0)
    for _ in range(3):
        learner.step()
    (settlement,) = bot.records(SettlementRecord)
    assert (settlement.reward, settlement.outcomes, settlement.learn) == (1.0, 1, True)


def test_time_goes_on_by_itself_only_while_decisions_are_open(bot):
    learner = bot.learner()
    bot.clock.advance(60)
    learner.step()
    assert not bot.records(TickRecord)
    bot.ask()
    for _ in range(40):
        bot.clock.advance(0.25)
        learner.step()
    assert len(bot.records(SettlementRecord)) == 1
    ticks = len(bot.records(TickRecord))
    assert 6 <= ticks <= 8, "one a second until the window of six is over"
    bot.clock.advance(60)
    learner.step()
    assert len(bot.records(TickRecord)) == ticks


def test_a_snapshot_is_published_when_it_is_due_and_only_if_something_was_learned(bot):
    learner = bot.learner(publish_every_us=5_000_000)
    talk(bot, 1)
    for _ in range(2):
        bot.settle(learner)
    assert [record.placement for record in controls(bot, "publish")] == ["greeting", "offer"]
    for _ in range(3):
        bot.settle(learner)
    assert len(controls(bot, "publish")) == 2
    bot.ask()
    for _ in range(2):
        bot.settle(learner)
    assert [record.placement for record in controls(bot, "publish")] == ["greeting", "offer", "greeting"]


def test_a_publish_record_names_the_bytes_that_are_served(bot):
    talk(bot)
    learner = bot.learner()
    bot.settle(learner)
    for record in controls(bot, "publish"):
        manifest = bot.snapshots.manifest(record.placement, record.version)
        assert record.payload["sha256"] == manifest.sha256
        assert record.payload["settled_position"] == manifest.settled_position
        assert manifest.lineage == learner.fold.lineages[record.placement].id


class Stubborn(SnapshotStore):
    """Fails the first time it is asked to activate, as a full disk does."""

    failures = 1

    def activate(self, manifest: Any) -> None:
        self.failures -= 1
        if self.failures >= 0:
            raise SnapshotError("no space left on device")
        super().activate(manifest)


def test_a_snapshot_that_cannot_be_activated_is_tried_again(bot, tmp_path):
    bot.ask()
    snapshots = Stubborn(tmp_path / "stubborn")
    learner = bot.learner(snapshots=snapshots)
    bot.settle(learner)
    learner.step()
    assert snapshots.failures < 0
    assert snapshots.current("greeting").sha256 == bytes_of(learner.fold.lineages)["greeting"]
    assert len(controls(bot, "publish")) == 1


class Choosy(SnapshotStore):
    """Refuses the snapshots of one placement, as it does those of a model that no longer learns."""

    refused: str | None = "greeting"

    def stage(self, policy: Any, **fields: Any) -> Any:
        if fields["placement"] == self.refused:
            raise SnapshotError("the model no longer learns")
        return super().stage(policy, **fields)


def test_a_snapshot_that_is_refused_stops_no_other_and_is_tried_again(bot, tmp_path):
    snapshots = Choosy(tmp_path / "choosy")
    learner = bot.learner(snapshots=snapshots)
    talk(bot, 1)
    bot.settle(learner)
    assert snapshots.placements() == ["offer"]
    assert [record.placement for record in controls(bot, "publish")] == ["offer"]
    snapshots.refused = None
    learner.step()
    assert [record.placement for record in controls(bot, "publish")] == ["offer", "greeting"]


def test_a_journal_longer_than_a_batch_is_folded_whole(bot, tmp_path, monkeypatch):
    talk(bot)
    monkeypatch.setattr(learn, "BATCH", 2)
    learner = bot.learner()
    bot.settle(learner)
    assert [lineage.learned for lineage in learner.fold.lineages.values()] == [TURNS, TURNS]
    monkeypatch.undo()
    at_once = bot.learner(snapshots=SnapshotStore(tmp_path / "none"))
    assert bytes_of(learner.fold.lineages) == bytes_of(at_once.fold.lineages)


@pytest.mark.parametrize("call", ["append", "find"])
def test_a_journal_that_was_away_for_a_while_costs_nothing(bot, tmp_path, call):
    talk(bot)
    learner = bot.learner()
    bot.clock.advance(10)
    learner.step()
    bot.journal.down = {call}
    for _ in range(3):
        try:
            learner.step()
        except JournalError:
            continue
    bot.journal.down = set()
    bot.settle(learner)
    assert bytes_of(learner.fold.lineages) == bytes_of(
        bot.learner(snapshots=SnapshotStore(tmp_path / "none")).fold.lineages
    )
    assert {lineage.learned for lineage in learner.fold.lineages.values()} == {TURNS}


def test_a_corrupt_record_stops_the_learner_with_an_error_that_names_it(bot):
    talk(bot)
    record = bot.records(DecisionRecord)[0]
    fields = {name: getattr(record, name) for name in record.__struct_fields__}
    bot.journal.append([DecisionRecord(**{**fields, "id": "odd", "catalogue": "never announced"})])
    with pytest.raises(CorruptRecord, match="odd"):
        bot.learner()


def test_a_person_forgotten_before_the_learner_reads_is_left_out_and_nobody_else(bot):
    for user in ("ada", "ben"):
        bot.ask(user_id=user, consent=True)
    bot.keys.flush()
    bot.keys.forget("user", "ada")
    learner = bot.learner()
    bot.settle(learner)
    lineage = learner.fold.lineages["greeting"]
    assert (lineage.learned, lineage.refused) == (1, 1)
    assert len(bot.records(SettlementRecord)) == 2, "what was earned is still counted"
    assert verify(bot.journal, bot.vault, bot.snapshots).snapshots
