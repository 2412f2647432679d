"""The second engine in a deployment: learned from the journal, published, swapped in, and proven."""

from __future__ import annotations

from engine.config import PolicySpec
from engine.models import COLD, ModelWatch
from engine.records.schema import DecisionRecord
from engine.snapshots import SnapshotStore, fingerprint
from engine.verify import verify

TURNS = 40


def test_what_it_learned_is_published_serves_and_is_the_same_when_learned_anew(make_bot, tmp_path) -> None:
    bot = make_bot(policy=PolicySpec(name="second_order"))
    for _ in range(TURNS):
        decision = bot.ask()
        bot.tell(decision.id, float(decision.action_id == "shared"))
    bot.settle(bot.learner())
    assert ModelWatch(bot.snapshots, bot.placements).refresh()
    served = bot.placements["greeting"].served
    anew = bot.learner(snapshots=SnapshotStore(tmp_path / "none")).fold.lineages["greeting"]
    assert served.policy.name == "second_order"
    assert served.version != COLD
    assert anew.learned == TURNS
    assert fingerprint(served.policy) == fingerprint(anew.policy)
    assert verify(bot.journal, bot.vault, bot.snapshots).snapshots


def test_decisions_log_its_exact_probabilities(make_bot) -> None:
    bot = make_bot(policy=PolicySpec(name="second_order"), epsilon=0.02)
    bot.ask()
    (record,) = bot.records(DecisionRecord)
    assert sum(record.pmf) == 1.0
    assert all((p * 2**24).is_integer() for p in record.pmf)
