"""A policy's alarms are told in the journal, once each, and proven like everything that is folded from it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.config import PolicySpec
from engine.errors import VerificationFailed
from engine.records.schema import ControlRecord
from engine.snapshots import SnapshotStore, fingerprint
from engine.verify import verify

TURNS = 180
DRIFTED = 70


def alarms(bot) -> list[ControlRecord]:
    return [record for record in bot.records(ControlRecord) if record.action == "alarm"]


@pytest.fixture
def drifted(make_bot) -> Any:
    """A bot whose users liked everything, and from one turn on nothing any more."""
    bot = make_bot(policy=PolicySpec(name="second_order", params={"slots": 16}))
    for turn in range(TURNS + DRIFTED):
        bot.tell(bot.ask().id, float(turn < TURNS))
    return bot


def test_an_alarm_is_told_once(drifted) -> None:
    drifted.settle(drifted.learner())
    (told,) = alarms(drifted)
    lineage = drifted.learner().fold.lineages["greeting"]
    assert (told.placement, told.payload) == ("greeting", {"lineage": lineage.id, "alarms": 1})
    drifted.settle(drifted.learner())
    assert alarms(drifted) == [told]


def test_a_learner_that_starts_anew_raises_it_again_and_does_not_tell_it_again(drifted, tmp_path) -> None:
    drifted.settle(drifted.learner())
    anew = drifted.learner(snapshots=SnapshotStore(tmp_path / "none"))
    resumed = drifted.learner()
    drifted.settle(anew)
    assert len(alarms(drifted)) == 1
    assert anew.fold.lineages["greeting"].policy.alarms == resumed.fold.lineages["greeting"].policy.alarms == 1
    assert fingerprint(anew.fold.lineages["greeting"].policy) == fingerprint(resumed.fold.lineages["greeting"].policy)


def test_what_is_told_is_verified(drifted) -> None:
    drifted.settle(drifted.learner())
    assert verify(drifted.journal, drifted.vault, drifted.snapshots).snapshots
    (told,) = alarms(drifted)
    invented = msgspec.structs.replace(told, version="invented", payload={**told.payload, "alarms": 2})
    drifted.journal.append([invented])
    with pytest.raises(VerificationFailed, match="number 2, the fold raised 1"):
        verify(drifted.journal, drifted.vault, drifted.snapshots)
