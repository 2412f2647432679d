"""What is made safe or not learned is told, once, with the decision it was in, and decides nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.errors import UnsafeExample
from engine.policies.base import Policy
from engine.records.schema import SettlementRecord
from engine.refusal import Refusal
from engine.types import Candidate, TrainingExample


def noted_by(bot) -> list[Refusal]:
    told: list[Refusal] = []
    for placement in bot.placements.values():
        placement.note = told.append
    return told


def test_declared_context_of_a_wrong_type_is_answered_marked_and_told(bot):
    told = noted_by(bot)
    decision = bot.ask(context={"sentiment": "furious", "channel": "app"}, decision_id="d1")
    assert decision.action_id is not None
    assert decision.degraded == ("context:sentiment",)
    assert told == [Refusal("context", "sentiment", "string-for-float", "d1")]
    record = bot.records()[0]
    assert record.learnable
    assert record.degraded == ("context:sentiment",)
    assert bot.personal(record).features["request.sentiment"] == 0.0
    assert bot.personal(record).context["sentiment"] == "furious"


def test_a_retry_tells_nothing_again(bot):
    told = noted_by(bot)
    for _ in range(3):
        assert bot.ask(context={"sentiment": True}, decision_id="d1").degraded == ("context:sentiment",)
    assert len(told) == 1


def test_a_turn_tells_of_each_decision(bot):
    told = noted_by(bot)
    decisions = bot.turn("t", "greeting", "offer", context={"message_length": "long"})
    assert [refusal.decision_id for refusal in told] == [decision.id for decision in decisions]


def test_context_that_fits_tells_nothing(bot):
    told = noted_by(bot)
    assert bot.ask(context={"sentiment": 1, "intent": 7, "weather": True}).degraded == ()
    assert told == []


class Unsafe(Policy):
    """Refuses whatever it is to learn."""

    name = "unsafe"

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        return [1.0 / len(candidates)] * len(candidates)

    def _learn(self, example: TrainingExample) -> None:
        raise UnsafeExample("no")


def settled(bot) -> dict[str, int]:
    """Decision id → position of its settlement."""
    return {
        each.record.decision_id: each.position
        for each in bot.journal.read(0, 1_000)
        if isinstance(each.record, SettlementRecord)
    }


def test_a_settlement_whose_person_was_forgotten_is_told_with_its_position(bot):
    told: list[Refusal] = []
    learner = bot.learner(note=told.append)
    forgotten, kept = bot.ask(session_id="s1"), bot.ask(session_id="s2")
    bot.keys.flush()
    bot.keys.forget("session", "s1")
    bot.settle(learner)
    assert told == [Refusal("learning", "greeting", "forgotten", forgotten.id, settled(bot)[forgotten.id])]
    assert kept.id in settled(bot)
    lineage = learner.fold.lineages["greeting"]
    assert (lineage.refused, lineage.learned) == (1, 1)


def test_an_unsafe_example_is_told(bot):
    told: list[Refusal] = []
    learner = bot.learner(note=told.append)
    bot.settle(learner)
    learner.fold.lineages["greeting"].policy = Unsafe()
    decision = bot.ask()
    bot.settle(learner)
    assert told == [Refusal("learning", "greeting", "unsafe-example", decision.id, settled(bot)[decision.id])]
