"""Serving processes follow what is published, and keep what they have when it is bad or not theirs."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from engine.config import PolicySpec
from engine.encode.ranges import RangeEncoder, RangeSpec
from engine.manifest import Manifest
from engine.models import COLD, ModelWatch, cold
from engine.orders import Reason
from engine.snapshots import CURRENT, MODEL, fingerprint

WHY = Reason("ops", "a test")
NEW = ("learned", "loss", "journal", "published_position")
"""What manifests of earlier releases do not have."""


@pytest.fixture
def published(bot):
    """A bot whose greeting has a snapshot that nobody serves yet; with its learner."""
    learner = bot.learner()
    for n in range(4):
        bot.tell(bot.ask(context={"n": n}).id, float(n % 2))
    bot.settle(learner)
    return bot, learner


def learn_more(bot, learner) -> None:
    bot.tell(bot.ask().id)
    for _ in range(2):
        bot.settle(learner)


def test_before_anything_is_published_the_policy_is_cold(bot):
    watch = ModelWatch(bot.snapshots, bot.placements)
    assert watch.refresh() == []
    assert {placement.served.version for placement in bot.placements.values()} == {COLD}
    assert not watch.refused


def test_what_is_published_is_served_byte_for_byte_and_changes_the_pmf(published):
    bot, learner = published
    cold_pmf = dict(bot.ask(decision_id="before").ranking)
    watch = ModelWatch(bot.snapshots, bot.placements)
    assert watch.refresh() == ["greeting"]
    assert watch.refresh() == [], "nothing new"
    served, lineage = bot.placements["greeting"].served, learner.fold.lineages["greeting"]
    assert served.version == f"{lineage.id}.{lineage.settled_position}"
    assert fingerprint(served.policy) == fingerprint(lineage.policy)
    assert dict(bot.ask(decision_id="after").ranking) != cold_pmf
    assert bot.records()[-1].model_version == served.version


def test_a_newer_snapshot_takes_over_and_the_older_can_still_be_found(published):
    bot, learner = published
    watch = ModelWatch(bot.snapshots, bot.placements)
    watch.refresh()
    first = bot.placements["greeting"].served
    learn_more(bot, learner)
    assert watch.refresh() == ["greeting"]
    second = bot.placements["greeting"].served
    assert second.version != first.version
    assert watch.served("greeting", second.version) is second
    older = watch.served("greeting", first.version)
    assert older is not None
    assert fingerprint(older.policy) == fingerprint(first.policy)


@pytest.mark.parametrize("version", ["none", COLD, "../../etc", "", "x" * 500, "unknown"])
def test_a_version_that_is_not_kept_is_none(published, version):
    bot, _ = published
    watch = ModelWatch(bot.snapshots, bot.placements)
    watch.refresh()
    assert watch.served("greeting", version) is None


def _truncate_model(folder) -> None:
    for model in folder.glob(f"*{MODEL}"):
        model.write_bytes(model.read_bytes()[:-1])


def test_a_bad_snapshot_leaves_the_present_model_serving_and_says_so(published):
    bot, learner = published
    watch = ModelWatch(bot.snapshots, bot.placements)
    watch.refresh()
    served = bot.placements["greeting"].served
    learn_more(bot, learner)
    _truncate_model(bot.folder / "snapshots" / "greeting")
    assert watch.refresh() == watch.refresh() == []
    assert bot.placements["greeting"].served == replace(served, refused=True)
    assert list(watch.refused) == ["greeting"]
    assert bot.ask().degraded == ("model",)
    learn_more(bot, learner)
    assert watch.refresh() == ["greeting"]
    assert not watch.refused
    assert not bot.ask().degraded


@pytest.mark.parametrize("garbage", [b"{", b'{"placement": "\xff"}'])
def test_when_nobody_can_read_which_snapshot_is_current_the_newest_good_one_serves(published, garbage):
    bot, learner = published
    watch = ModelWatch(bot.snapshots, bot.placements)
    watch.refresh()
    learn_more(bot, learner)
    newest = bot.snapshots.current("greeting").version
    (bot.folder / "snapshots" / "greeting" / CURRENT).write_bytes(garbage)
    assert (watch.refresh(), watch.refresh()) == (["greeting"], [])
    assert bot.placements["greeting"].served.version == newest
    assert bot.ask().degraded == ("model",)
    learner.step()
    assert bot.snapshots.current("greeting").version == newest, "who is in office makes it current again"
    assert watch.refresh() == []
    assert not watch.refused
    assert not bot.ask().degraded


def test_a_process_that_starts_beside_a_bad_snapshot_serves_the_newest_good_one_of_its_lineage(published):
    bot, learner = published
    before = bot.snapshots.current("greeting")
    learn_more(bot, learner)
    bot.snapshots.path(bot.snapshots.current("greeting")).write_bytes(b"")
    watch = ModelWatch(bot.snapshots, bot.placements)
    assert watch.refresh() == ["greeting"]
    assert (bot.placements["greeting"].served.version, list(watch.refused)) == (before.version, ["greeting"])
    bot.orders.reset("greeting", WHY)
    bot.snapshots.path(bot.snapshots.current("greeting")).write_bytes(b"")
    bot.placements["greeting"].served = cold(bot.specs["greeting"].policy, bot.encoder)
    assert ModelWatch(bot.snapshots, bot.placements).refresh() == [], "what was given up does not come back"
    assert bot.placements["greeting"].served.version == COLD


def test_nothing_swaps_back_to_what_was_published_before(published):
    bot, learner = published
    older = bot.snapshots.current("greeting")
    learn_more(bot, learner)
    watch = ModelWatch(bot.snapshots, bot.placements)
    watch.refresh()
    newer = bot.placements["greeting"].served.version
    bot.snapshots.activate(older)
    assert watch.refresh() == []
    assert bot.placements["greeting"].served.version == newer
    bot.snapshots.activate(msgspec.structs.replace(older, journal="another"))
    assert watch.refresh() == ["greeting"], "positions of another journal say nothing about this one's"


def test_a_snapshot_of_an_earlier_release_is_served_until_one_says_where_it_was_published(published):
    bot, learner = published
    current = bot.folder / "snapshots" / "greeting" / CURRENT
    manifest = msgspec.json.decode(current.read_bytes())
    current.write_bytes(msgspec.json.encode({k: v for k, v in manifest.items() if k not in NEW}))
    watch = ModelWatch(bot.snapshots, bot.placements)
    assert watch.refresh() == ["greeting"]
    learn_more(bot, learner)
    assert watch.refresh() == ["greeting"]


def test_a_snapshot_of_another_policy_or_encoder_is_not_served(published):
    bot, _ = published
    watch, placement = ModelWatch(bot.snapshots, bot.placements), bot.placements["greeting"]
    served = placement.served
    placement.served = replace(served, encoder=RangeEncoder(RangeSpec(ranges={"request.n": (0.0, 1.0)})))
    assert watch.refresh() == []
    placement.served = served
    (current,) = (bot.folder / "snapshots").glob(f"greeting/{CURRENT}")
    manifest = msgspec.json.decode(current.read_bytes(), type=Manifest)
    for other in ({"policy": "uniform"}, {"params": {"flags": "--cb_explore_adf"}}):
        current.write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, **other)))
        assert watch.refresh() == []
        assert placement.served.version == COLD
    current.write_bytes(msgspec.json.encode(manifest))
    assert watch.refresh() == ["greeting"]


def test_a_policy_that_cannot_learn_starts_as_it_will_always_be():
    served = cold(PolicySpec(name="uniform"), RangeEncoder(RangeSpec()))
    assert (served.policy.name, served.policy.learns, served.version) == ("uniform", False, COLD)
