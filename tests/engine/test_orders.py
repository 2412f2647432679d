"""A person's orders: back to a published model, to nothing, on from another. Effective at once, provable for good."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.announce import announce
from engine.config import PolicySpec
from engine.encode.ranges import RangeEncoder, RangeSpec
from engine.errors import ConfigError, JournalError, SnapshotError, VerificationFailed
from engine.lineage import ORDERED, Start
from engine.manifest import Manifest
from engine.models import ModelWatch
from engine.orders import Orders, Reason
from engine.policies.vw import VwPolicy
from engine.rebuild import rebuild
from engine.records.schema import ControlRecord
from engine.snapshots import MANIFEST, MODEL, SnapshotStore, fingerprint
from engine.verify import verify
from tests.engine.mortal import Death, Fragile, Killed

TURNS = 4
WHY = Reason("ada", "it greets everybody twice")
OTHER_FLAGS = "--cb_explore_adf --epsilon 0.1 -q SA -b 12"


def teach(bot, learner: Any, clicks: float = 1.0) -> Manifest:
    """Some turns, settled, learned and published; what serves then."""
    for n in range(TURNS):
        bot.tell(bot.ask(context={"n": n}).id, clicks * (n % 2))
    bot.settle(learner)
    return current(bot)


def current(bot) -> Manifest:
    manifest = bot.snapshots.current("greeting")
    assert manifest is not None
    return manifest


def proved(bot, tmp_path: Path) -> None:
    """The journal explains everything, and gives the same models to who has nothing else."""
    assert verify(bot.journal, bot.vault, bot.snapshots).snapshots
    anew = SnapshotStore(tmp_path / f"anew{bot.journal.last_position()}")
    rebuild(bot.journal, bot.sealer, anew, bot.snapshots)
    here, there = current(bot), anew.current("greeting")
    assert there is not None
    assert (there.version, there.sha256, there.learned) == (here.version, here.sha256, here.learned)
    assert there.loss == pytest.approx(here.loss)
    fold = bot.learner(snapshots=anew).fold
    assert fingerprint(fold.lineages["greeting"].policy) == fingerprint(bot.learner().fold.lineages["greeting"].policy)


@pytest.fixture
def learner(bot):
    return bot.learner()


@pytest.fixture
def taught(bot, learner):
    """Three published versions, the first one first."""
    return [teach(bot, learner, clicks) for clicks in (1.0, 0.0, 1.0)]


def test_a_rollback_serves_at_once_without_any_learner(bot, taught):
    watch = ModelWatch(bot.snapshots, bot.placements)
    watch.refresh()
    back = bot.orders.rollback("greeting", taught[0].version, WHY)
    assert watch.refresh() == ["greeting"]
    served = bot.placements["greeting"].served
    assert (served.version, fingerprint(served.policy)) == (back.version, taught[0].sha256)
    assert bot.ask().degraded == ()


def test_its_record_says_who_why_before_and_after(bot, taught):
    back = bot.orders.rollback("greeting", taught[0].version, WHY)
    (record,) = [record for record in bot.records(ControlRecord) if record.action == "rollback"]
    start = Start.of(record)
    assert (start.who, start.why) == ("ada", "it greets everybody twice")
    assert (start.before, start.after, start.source) == (taught[2].version, back.version, taught[0].version)
    assert record.payload["from"] == taught[0].version


def test_the_learner_goes_on_from_the_state_rolled_back_to(bot, learner, taught, tmp_path):
    back = bot.orders.rollback("greeting", taught[0].version, WHY)
    learned = teach(bot, learner)
    assert learned.lineage == back.lineage
    assert learned.learned == taught[0].learned + TURNS
    direct = VwPolicy.load(bot.snapshots.path(taught[0]), **taught[0].params)
    assert fingerprint(direct) == taught[0].sha256 != learned.sha256
    proved(bot, tmp_path)


@pytest.mark.parametrize("gone", ["nothing", "the version rolled back to", "everything"])
def test_a_learner_started_later_comes_to_the_same_bytes(bot, learner, taught, tmp_path, gone):
    back = bot.orders.rollback("greeting", taught[0].version, WHY)
    if gone == "everything":
        shutil.rmtree(bot.folder / "snapshots")
    elif gone == "the version rolled back to":
        for version in (taught[0].version, back.version):
            for suffix in (MANIFEST, MODEL):
                (bot.folder / "snapshots" / "greeting" / f"{version}{suffix}").unlink()
    late = bot.learner()
    assert fingerprint(late.fold.lineages["greeting"].policy) == taught[0].sha256
    teach(bot, late)
    bot.settle(learner)
    assert fingerprint(learner.fold.lineages["greeting"].policy) == current(bot).sha256
    proved(bot, tmp_path)


def test_by_default_it_goes_back_one_version_and_again_one_further(bot, taught):
    assert bot.orders.rollback("greeting", None, WHY).sha256 == taught[1].sha256
    assert bot.orders.rollback("greeting", None, WHY).sha256 == taught[0].sha256
    with pytest.raises(SnapshotError, match="no version before"):
        bot.orders.rollback("greeting", None, WHY)


def test_a_rollback_of_a_rollback_brings_back_what_was_given_up(bot, learner, taught, tmp_path):
    bot.orders.rollback("greeting", taught[0].version, WHY)
    teach(bot, learner)
    again = bot.orders.rollback("greeting", taught[2].version, WHY)
    assert again.sha256 == taught[2].sha256
    proved(bot, tmp_path)


def test_a_reset_forgets_everything_at_once(bot, learner, taught, tmp_path):
    fresh = fingerprint(VwPolicy(**taught[0].params))
    assert bot.orders.reset("greeting", WHY).sha256 == fresh == current(bot).sha256
    assert teach(bot, learner).learned == TURNS
    proved(bot, tmp_path)


def test_an_imported_model_is_served_and_learned_on_from(bot, learner, taught, tmp_path):
    brought = VwPolicy(**taught[0].params)
    brought.save(tmp_path / "brought.model")
    shutil.copy(bot.snapshots.path(taught[1]), tmp_path / "mine.model")
    for file, sha256 in (("brought.model", fingerprint(brought)), ("mine.model", taught[1].sha256)):
        assert bot.orders.import_model("greeting", tmp_path / file, WHY).sha256 == sha256
    assert teach(bot, learner).learned == TURNS
    assert len(verify(bot.journal, bot.vault, bot.snapshots).imported) == 2
    proved(bot, tmp_path)


def test_what_is_no_model_or_another_configurations_is_not_imported(bot, taught, tmp_path):
    VwPolicy(flags=OTHER_FLAGS).save(tmp_path / "flags.model")
    (tmp_path / "text.model").write_text("no model")
    shutil.copy(bot.snapshots.path(taught[0]), tmp_path / "encoder.model")
    other = msgspec.structs.replace(taught[0], encoder_version="another")
    (tmp_path / f"encoder{MANIFEST}").write_bytes(msgspec.json.encode(other))
    before = bot.journal.last_position()
    for name in ("flags", "text", "encoder"):
        with pytest.raises(SnapshotError):
            bot.orders.import_model("greeting", tmp_path / f"{name}.model", WHY)
    assert (bot.journal.last_position(), current(bot)) == (before, taught[2])


def test_versions_that_cannot_serve_now_are_refused_in_words(bot, make_bot, taught):
    orders = bot.orders
    for version, words in ((taught[2].version, "serves already"), ("a.1", "unknown, or was pruned")):
        with pytest.raises(SnapshotError, match=words):
            orders.rollback("greeting", version, WHY)
    with pytest.raises(ConfigError, match="no placement 'nowhere'"):
        orders.rollback("nowhere", None, WHY)
    foreign = Orders(make_bot().journal, bot.snapshots, bot.clock)
    with pytest.raises(SnapshotError, match="not published by this journal"):
        foreign.rollback("greeting", taught[0].version, WHY)
    bot.snapshots.path(taught[0]).write_bytes(b"")
    with pytest.raises(SnapshotError, match="not what its manifest says"):
        orders.rollback("greeting", taught[0].version, WHY)
    assert not [record for record in bot.records(ControlRecord) if record.action == "rollback"]


@pytest.mark.parametrize("what", ["flags", "encoder"])
def test_there_is_no_way_back_past_another_encoder_or_other_flags(bot, taught, what):
    if what == "encoder":
        bot.encode_by(RangeEncoder(RangeSpec(ranges={"request.n": (0.0, 9.0)})))
    else:
        other = msgspec.structs.replace(bot.specs["greeting"], policy=PolicySpec(params={"flags": OTHER_FLAGS}))
        announce(bot.journal, {"greeting": other}, bot.encoder)
    with pytest.raises(SnapshotError, match="another encoder, policy or flags"):
        bot.orders.rollback("greeting", taught[0].version, WHY)


def test_a_placement_that_does_not_learn_has_nothing_to_order(make_bot):
    with pytest.raises(ConfigError, match="does not learn"):
        make_bot(policy=PolicySpec(name="uniform")).orders.reset("greeting", WHY)


def test_a_journal_that_is_away_leaves_everything_as_it_was(bot, taught):
    bot.journal.down = {"append"}
    with pytest.raises(JournalError):
        bot.orders.rollback("greeting", taught[0].version, WHY)
    bot.journal.down = set()
    assert current(bot) == taught[2]
    bot.settle(bot.learner())
    assert current(bot).lineage == taught[2].lineage


def test_an_order_that_died_after_its_record_is_carried_out_by_the_learner(bot, learner, taught, monkeypatch):
    monkeypatch.setattr(SnapshotStore, "activate", _no_space)
    with pytest.raises(SnapshotError, match="no space"):
        bot.orders.rollback("greeting", taught[0].version, WHY)
    monkeypatch.undo()
    assert current(bot) == taught[2]
    learner.step()
    assert current(bot).sha256 == taught[0].sha256


def _no_space(*_: Any) -> None:
    raise SnapshotError("no space left on device")


def test_what_lineages_start_from_is_never_pruned(bot, tmp_path):
    bot.snapshots = SnapshotStore(tmp_path / "few", keep=2)
    learner = bot.learner()
    first = teach(bot, learner)
    teach(bot, learner)
    back = bot.orders.rollback("greeting", first.version, WHY)
    for _ in range(4):
        teach(bot, learner)
    assert bot.snapshots.manifest("greeting", first.version) is None
    assert bot.snapshots.manifest("greeting", back.version) is not None
    assert bot.orders.rollback("greeting", back.version, WHY).sha256 == first.sha256
    proved(bot, tmp_path)


@pytest.mark.parametrize("who_dies", ["whoever carries it out", "the learner"])
def test_an_order_killed_at_any_moment_is_carried_out_or_not_and_proved_either_way(make_bot, tmp_path, who_dies):
    moment, died = 0, True
    while died:
        moment, bot = moment + 1, make_bot()
        first = teach(bot, bot.learner())
        teach(bot, bot.learner(), 0.0)
        death = Death(moment)
        mortal = {"journal": Fragile(bot.journal, death), "snapshots": Fragile(bot.snapshots, death)}
        learner_dies = who_dies == "the learner"
        orders = bot.orders if learner_dies else Orders(**mortal, clock=bot.clock)
        try:
            orders.rollback("greeting", first.version, WHY)
            teach(bot, bot.learner(**mortal) if learner_dies else bot.learner())
            died = False
        except Killed:
            teach(bot, bot.learner())
        proved(bot, tmp_path)
        started = [record.version for record in bot.records(ControlRecord) if record.action in ORDERED]
        assert current(bot).lineage == (started[0] if started else first.lineage)
    assert moment > 6


@pytest.mark.parametrize("changed", [{"from": "another"}, {"sha256": "0" * 64}, {"settled_position": 1}, {"who": None}])
def test_a_changed_order_is_found(bot, learner, taught, changed):
    position = bot.orders.rollback("greeting", taught[0].version, WHY).published_position
    teach(bot, learner)

    def how(stored: Any) -> Any:
        if stored.position != position:
            return stored.record
        return msgspec.structs.replace(stored.record, payload={**stored.record.payload, **changed})

    with pytest.raises(VerificationFailed) as caught:
        verify(bot.copy(how), bot.vault, bot.snapshots)
    assert caught.value.position >= position
