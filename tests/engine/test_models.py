"""Serving processes follow what is published, and keep what they have when it is bad or not theirs."""

from __future__ import annotations

import msgspec
import pytest

from engine.config import PolicySpec
from engine.encode import Encoder, EncoderSpec
from engine.models import COLD, ModelWatch, cold
from engine.snapshots import CURRENT, MODEL, Manifest, fingerprint


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
    assert watch.policy("greeting", second.version) is second.policy
    older = watch.policy("greeting", first.version)
    assert older is not None
    assert fingerprint(older) == fingerprint(first.policy)


@pytest.mark.parametrize("version", ["none", COLD, "../../etc", "", "x" * 500, "unknown"])
def test_a_version_that_is_not_kept_is_none(published, version):
    bot, _ = published
    watch = ModelWatch(bot.snapshots, bot.placements)
    watch.refresh()
    assert watch.policy("greeting", version) is None


def _truncate_model(folder) -> None:
    for model in folder.glob(f"*{MODEL}"):
        model.write_bytes(model.read_bytes()[:-1])


def _break_current(folder) -> None:
    (folder / CURRENT).write_bytes(b"{")


def _garble_current(folder) -> None:
    (folder / CURRENT).write_bytes(b'{"placement": "\xff"}')


@pytest.mark.parametrize("damage", [_truncate_model, _break_current, _garble_current])
def test_a_bad_snapshot_leaves_the_present_model_serving_and_says_so(published, damage):
    bot, learner = published
    watch = ModelWatch(bot.snapshots, bot.placements)
    watch.refresh()
    served = bot.placements["greeting"].served
    learn_more(bot, learner)
    damage(bot.folder / "snapshots" / "greeting")
    assert watch.refresh() == watch.refresh() == []
    assert bot.placements["greeting"].served is served
    assert list(watch.refused) == ["greeting"]
    assert not bot.ask().degraded
    learn_more(bot, learner)
    assert watch.refresh() == ["greeting"]
    assert not watch.refused


def test_a_snapshot_of_another_policy_or_encoder_is_not_served(published):
    bot, _ = published
    watch, placement = ModelWatch(bot.snapshots, bot.placements), bot.placements["greeting"]
    encoder, placement.encoder = placement.encoder, Encoder(EncoderSpec(ranges={"request.n": (0.0, 1.0)}))
    assert watch.refresh() == []
    placement.encoder = encoder
    (current,) = (bot.folder / "snapshots").glob(f"greeting/{CURRENT}")
    manifest = msgspec.json.decode(current.read_bytes(), type=Manifest)
    for other in ({"policy": "uniform"}, {"params": {"flags": "--cb_explore_adf"}}):
        current.write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, **other)))
        assert watch.refresh() == []
        assert placement.served.version == COLD
    current.write_bytes(msgspec.json.encode(manifest))
    assert watch.refresh() == ["greeting"]


def test_a_policy_that_cannot_learn_starts_as_it_will_always_be():
    served = cold(PolicySpec(name="uniform"))
    assert (served.policy.name, served.policy.learns, served.version) == ("uniform", False, COLD)
