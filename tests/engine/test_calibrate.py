"""Means and deviations are folded from the journal, told in it, served with the model, and proven like it."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from engine.calibrate import GROWTH
from engine.encode.base import family_of
from engine.encode.moments import LEAST
from engine.errors import VerificationFailed
from engine.models import ModelWatch
from engine.orders import Reason
from engine.records.schema import ControlRecord, DecisionRecord, SettlementRecord
from engine.snapshots import SnapshotStore, fingerprint
from engine.verify import verify

TURNS = 3 * LEAST


def talk(bot, turns: int = TURNS, first: int = 0) -> None:
    for n in range(first, first + turns):
        bot.tell(bot.ask(context={"message_length": 40 + 10 * (n % 5)}).id, float(n % 2))


def calibrations(bot) -> list[ControlRecord]:
    return [record for record in bot.records(ControlRecord) if record.action == "calibrate"]


@pytest.fixture
def calibrated(bot) -> Any:
    """A bot whose learner has told what it learned, and which serves by that."""
    talk(bot)
    bot.settle(bot.learner())
    ModelWatch(bot.snapshots, bot.placements).refresh()
    return bot


def test_what_was_learned_is_told_and_is_the_mean_and_the_deviation(calibrated) -> None:
    (told,) = calibrations(calibrated)
    assert told.payload["encoder"] == calibrated.encoder.version
    assert told.payload["calibration"]["request.message_length"] == pytest.approx([60.0, 10 * 2**0.5], rel=0.02)


def test_decisions_of_the_model_are_encoded_by_what_it_learned_and_say_so(calibrated) -> None:
    talk(calibrated, 1)
    *before, after = calibrated.records(DecisionRecord)
    assert {record.encoder_version for record in before} == {calibrated.encoder.version}
    assert after.encoder_version == calibrated.placements["greeting"].served.encoder.version
    assert family_of(after.encoder_version) == calibrated.encoder.family != after.encoder_version


def test_the_lineage_goes_on_and_learns_what_was_encoded_either_way(calibrated) -> None:
    talk(calibrated, 4)
    learner = calibrated.learner()
    calibrated.settle(learner)
    assert learner.fold.lineages["greeting"].learned == TURNS + 4
    origins = [r for r in calibrated.records(ControlRecord) if (r.action, r.placement) == ("origin", "greeting")]
    assert len(origins) == 1


def test_a_restart_goes_on_with_the_same_digits(make_bot, tmp_path) -> None:
    """Told after every turn by a learner of its own, and once by one that learned everything."""
    bot = make_bot()
    watch = ModelWatch(bot.snapshots, bot.placements)
    for n in range(2 * LEAST):
        talk(bot, 1, n)
        bot.settle(bot.learner())
        watch.refresh()
    resumed = bot.learner().fold.lineages["greeting"]
    anew = bot.learner(snapshots=SnapshotStore(tmp_path / "none")).fold.lineages["greeting"]
    assert resumed.moments.sums == anew.moments.sums
    assert resumed.calibration == anew.calibration != {}
    assert fingerprint(resumed.policy) == fingerprint(anew.policy)
    assert len(verify(bot.journal, bot.vault, bot.snapshots).snapshots) >= LEAST


def test_few_are_told_while_much_is_learned(make_bot) -> None:
    bot = make_bot()
    learner = bot.learner()
    for n in range(10):
        talk(bot, LEAST, n * LEAST)
        bot.settle(learner)
    assert 1 <= len(calibrations(bot)) <= 1 + math.log(10) / math.log(GROWTH)


def test_verification_counts_them_and_finds_one_that_was_changed(calibrated) -> None:
    assert verify(calibrated.journal, calibrated.vault, calibrated.snapshots).calibrations == 1
    (told,) = calibrations(calibrated)
    forged = {**told.payload, "calibration": {**told.payload["calibration"], "local_time.hour": [3.0, 1.0]}}

    def change(stored):
        return msgspec.structs.replace(told, payload=forged) if stored.record == told else stored.record

    with pytest.raises(VerificationFailed, match=r"calibration .* is not that of what was learned"):
        verify(calibrated.copy(change), calibrated.vault, calibrated.snapshots)


def test_who_rolls_back_gets_the_scale_of_then_and_who_resets_none(calibrated) -> None:
    first = calibrated.placements["greeting"].served
    talk(calibrated, 20 * LEAST, first=7)
    calibrated.settle(calibrated.learner())
    watch = ModelWatch(calibrated.snapshots, calibrated.placements)
    watch.refresh()
    calibrated.orders.rollback("greeting", first.version, Reason("me", "worse"))
    watch.refresh()
    assert calibrated.placements["greeting"].served.encoder.version == first.encoder.version
    calibrated.settle(calibrated.learner())
    calibrated.orders.reset("greeting", Reason("me", "anew"))
    watch.refresh()
    assert calibrated.placements["greeting"].served.encoder.version == calibrated.encoder.version
    calibrated.settle(calibrated.learner())
    verify(calibrated.journal, calibrated.vault, calibrated.snapshots)


def test_an_explanation_is_by_the_encoder_of_the_decision(calibrated, tmp_path) -> None:
    served = calibrated.placements["greeting"].served
    watch = ModelWatch(calibrated.snapshots, calibrated.placements)
    watch.refresh()
    talk(calibrated, 8 * LEAST)
    calibrated.settle(calibrated.learner())
    watch.refresh()
    found = watch.served("greeting", served.version)
    assert found is not None
    assert found.encoder.version == served.encoder.version


def test_settlements_of_a_foreign_family_teach_no_scale(calibrated) -> None:
    learned = len([r for r in calibrated.records(SettlementRecord) if r.learn])
    lineage = calibrated.learner().fold.lineages["greeting"]
    assert max(count for count, _, _ in lineage.moments.sums.values()) <= learned
