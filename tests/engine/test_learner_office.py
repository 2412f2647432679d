"""Two learners on one journal: whoever overslept changes nothing, whatever it was doing when it fell asleep."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from engine import learn
from engine.errors import Diverged, Fenced, Incomplete, MaitredError
from engine.journal.base import Stored
from engine.journal.memory import ImmediateCommits, MemoryJournal
from engine.learn import Learner
from engine.models import ModelWatch
from engine.orders import Reason
from engine.records.schema import ControlRecord, SettlementRecord, TickRecord
from engine.snapshots import CURRENT, SnapshotStore, fingerprint
from engine.tenure import TTL_US, Tenure
from engine.verify import verify

TURNS = 3
STEPS = 20
PATIENCE_SECONDS = 30
CALLS = ("append", "stage", "activate", "read", "lease")


class Sleep:
    """Comes over its thread at the n-th moment at which it could, and ends when somebody wakes it."""

    def __init__(self, at: int) -> None:
        self.asleep = threading.Event()
        self.wake = threading.Event()
        self._at = at
        self._moments = 0

    def may_come(self) -> None:
        self._moments += 1
        if self._moments == self._at:
            self.asleep.set()
            assert self.wake.wait(PATIENCE_SECONDS)


class Sleepy:
    """A part of a learner that may fall asleep before and after each call."""

    def __init__(self, part: Any, sleep: Sleep) -> None:
        self._part = part
        self._sleep = sleep

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if name not in CALLS:
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            self._sleep.may_come()
            result = found(*args, **kwargs)
            self._sleep.may_come()
            return result

        return call


def talk(bot) -> None:
    for n in range(TURNS):
        decision, _ = bot.turn(f"t{n}", "greeting", "offer", context={"n": n})
        bot.tell(decision.id, float(n % 2), outcome_id=f"o{n}")


def work(learner: Learner, steps: int = STEPS) -> None:
    for _ in range(steps):
        learner.step()


class Sleeper(threading.Thread):
    """A learner that falls asleep at one moment of its life; ``fenced`` says that it was found out afterwards."""

    def __init__(self, bot, sleep: Sleep) -> None:
        super().__init__()
        self.fenced = False
        self.failure: Exception | None = None
        self._bot = bot
        self._sleep = sleep

    def run(self) -> None:
        try:
            parts = {name: Sleepy(getattr(self._bot, name), self._sleep) for name in ("journal", "snapshots")}
            work(self._bot.learner(holder="sleeper", pace=Hurrying(), **parts))
        except Fenced:
            self.fenced = True
        except (MaitredError, AssertionError) as error:
            self.failure = error


class Hurrying:
    """A pace at which every look is a second later: every step ticks, publishes, renews."""

    def __init__(self) -> None:
        self._now_us = 0

    def __call__(self) -> int:
        self._now_us += 1_000_000
        return self._now_us


def history(bot) -> list[Stored]:
    return list(bot.journal.read(0, 10_000))


def publications(bot) -> list[tuple[str, int]]:
    found = [(each.record, each.position) for each in history(bot) if isinstance(each.record, ControlRecord)]
    return [(record.placement, position) for record, position in found if record.action == "publish"]


@pytest.mark.parametrize("moment", range(4, 75, 3))
def test_a_learner_frozen_at_any_moment_and_woken_after_another_took_over_changes_nothing(bot, moment):
    talk(bot)
    bot.clock.advance(10)
    bot.ask()  # is still open: time must go on for it
    sleep = Sleep(moment)
    sleeper = Sleeper(bot, sleep)
    sleeper.start()
    while not sleep.asleep.wait(0.01) and sleeper.is_alive():
        continue
    bot.clock.advance(TTL_US / 1e6)
    successor = bot.learner(holder="successor")
    work(successor)
    watch = ModelWatch(bot.snapshots, bot.placements)
    watch.refresh()
    serving = {name: placement.served.version for name, placement in bot.placements.items()}
    before = history(bot)
    sleep.wake.set()
    sleeper.join(PATIENCE_SECONDS)
    assert sleeper.failure is None
    assert sleeper.fenced or not sleep.asleep.is_set()
    assert history(bot) == before, "it wrote something"
    assert watch.refresh() == []
    assert {name: placement.served.version for name, placement in bot.placements.items()} == serving
    work(successor, 2)
    for name, lineage in successor.fold.lineages.items():
        assert bot.snapshots.current(name).sha256 == fingerprint(lineage.policy)
    settled = [each.record.decision_id for each in history(bot) if isinstance(each.record, SettlementRecord)]
    assert len(settled) == len(set(settled)) == 2 * TURNS + 1
    assert verify(bot.journal, bot.vault, bot.snapshots).settlements == 2 * TURNS + 1


def test_a_learner_that_is_not_in_office_does_nothing_at_all(bot):
    talk(bot)
    bot.clock.advance(10)
    learner = Learner(**{**vars_of(bot), "tenure": Tenure(bot.journal, "never took it")})
    before = history(bot)
    with pytest.raises(Fenced):
        learner.restore()
    with pytest.raises(Fenced):
        learner.step()
    assert history(bot) == before


def vars_of(bot) -> dict[str, Any]:
    return {"journal": bot.journal, "snapshots": bot.snapshots, "sealer": bot.sealer, "clock": bot.clock}


def test_a_snapshot_staged_before_a_rollback_is_not_served_after_it(bot):
    """The order comes between the staging and the ``publish`` record of what it gives up."""
    talk(bot)
    bot.settle(bot.learner())
    first = bot.snapshots.current("greeting")
    bot.tell(bot.ask(context={"n": 9}).id, 1.0)

    class Interrupted(SnapshotStore):
        """While something is staged, somebody orders a rollback."""

        def stage(self, policy: Any, **described: Any) -> Any:
            manifest = super().stage(policy, **described)
            if described["placement"] == "greeting" and not described.get("kept"):
                bot.orders.rollback("greeting", first.version, Reason("ada", "a test"))
            return manifest

    learner = bot.learner(snapshots=Interrupted(bot.folder / "snapshots"))
    bot.clock.advance(10)
    for _ in range(3):
        learner.step()
    current = bot.snapshots.current("greeting")
    assert current.sha256 == first.sha256
    assert learner.fold.lineages["greeting"].id == current.lineage
    assert verify(bot.journal, bot.vault, bot.snapshots).snapshots


def test_the_lease_is_kept_while_a_long_journal_is_folded(bot, monkeypatch):
    talk(bot)
    monkeypatch.setattr(learn, "BATCH", 1)
    leases = []
    granted = bot.journal.lease
    monkeypatch.setattr(bot.journal, "lease", lambda *asked: leases.append(asked) or granted(*asked))
    bot.learner(pace=Hurrying())
    seconds = bot.journal.last_position()
    assert seconds / (TTL_US / 1e6) <= len(leases) <= seconds


def test_what_a_foreign_hand_made_current_is_put_right(bot):
    talk(bot)
    learner = bot.learner()
    bot.settle(learner)
    (older, newer), learned = two_versions(bot, learner), learner.fold.lineages["greeting"]
    bot.snapshots.activate(older)
    learner.step()
    assert bot.snapshots.current("greeting") == newer
    (bot.folder / "snapshots" / "greeting" / CURRENT).unlink()
    learner.step()
    assert bot.snapshots.current("greeting") == newer
    assert newer.sha256 == fingerprint(learned.policy)


def two_versions(bot, learner: Learner) -> tuple[Any, Any]:
    older = bot.snapshots.current("greeting")
    bot.tell(bot.ask(context={"n": 9}).id, 1.0)
    bot.settle(learner)
    return older, bot.snapshots.current("greeting")


class Losing(MemoryJournal):
    """Can lose its end, as a server does that had not synced it."""

    def lose(self, count: int) -> None:
        for stored in self._stored[-count:]:
            key = stored.record.idempotency_key
            self._by_key.pop((type(stored.record).__struct_config__.tag, key), None)
        del self._stored[-count:]


@pytest.mark.parametrize("meanwhile", [0, 1, 2, 5])
def test_a_journal_that_lost_its_end_ends_the_learner_which_starts_again_from_the_truth(bot, tmp_path, meanwhile):
    journal = Losing(bot.clock)
    for stored in history(bot):
        journal.append([stored.record])
    bot.journal = journal
    bot.use(journal, ImmediateCommits(journal))
    talk(bot)
    learner = bot.learner(snapshots=SnapshotStore(tmp_path / "ahead"))
    bot.settle(learner)
    journal.lose(2)
    journal.append([TickRecord()] * meanwhile)
    bot.clock.advance(TTL_US / 1e6)
    with pytest.raises(Diverged):
        work(learner, 2)
    again = bot.learner(snapshots=SnapshotStore(tmp_path / "ahead"))
    bot.settle(again)
    assert verify(journal, bot.vault, SnapshotStore(tmp_path / "none")).snapshots
    for name, lineage in again.fold.lineages.items():
        assert SnapshotStore(tmp_path / "ahead").current(name).sha256 == fingerprint(lineage.policy)


def test_a_cut_journal_without_archive_or_snapshot_teaches_nothing_rather_than_something_else(bot, tmp_path):
    talk(bot)
    bot.settle(bot.learner())
    whole, kept = bot.journal, SnapshotStore(tmp_path / "none")
    last = max(each.position for each in history(bot) if isinstance(each.record, SettlementRecord))
    bot.journal = Cut(history(bot), last, bot.clock)
    with pytest.raises(Incomplete, match="the journal was cut"):
        bot.learner(snapshots=kept)
    assert bot.learner().fold.lineages["greeting"].learned == TURNS, "what is in a snapshot is not missed"
    from_archive = bot.learner(snapshots=kept, history=lambda: whole)
    assert from_archive.fold.lineages["greeting"].learned == TURNS


class Cut(MemoryJournal):
    """Has lost what retention takes: all but control records, up to a position."""

    def __init__(self, stored: list[Stored], position: int, clock: Any) -> None:
        super().__init__(clock)
        self._kept = [each for each in stored if each.position > position or isinstance(each.record, ControlRecord)]

    def read(self, after: int, limit: int) -> list[Stored]:
        return [each for each in self._kept if each.position > after][:limit]

    def last_position(self) -> int:
        return self._kept[-1].position

    def find_all(self, kind: str, keys: Sequence[str]) -> dict[str, Stored]:
        return {key: found for key in keys if (found := self.find(kind, key)) is not None}

    def find(self, kind: str, key: str) -> Stored | None:
        named = ((each, each.record.idempotency_key) for each in self._kept)
        return next((each for each, name in named if name == key and each.record.__struct_config__.tag == kind), None)
