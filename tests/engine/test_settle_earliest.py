"""When to learn: two actions of equal worth, one of which is heard of sooner, must end up equally probable.

A policy that weighs by softmax gives what is estimated r worse the probability sigmoid(−λ r). Near ½ that is
½ − λ r / 4, so how far chance alone takes it follows from how many rewards the two estimates are made of.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from typing import Any

import msgspec
import pytest

from engine.catalog import candidate_of
from engine.config import ActionSpec, PolicySpec, RewardSpec
from engine.records.schema import DecisionRecord, OutcomeRecord, PersonalPart, SettlementRecord
from engine.verify import verify

TURNS = 3_000
MINUTES = 6
DELAY_S = {"quick": 2, "slow": 100}
SUCCESS = 0.5
LAMBDA = 4.0
FLAGS = f"--cb_explore_adf --softmax --lambda {LAMBDA:g} --epsilon 0.0 -l 0.1 -b 12"
STANDARD_ERRORS = 4.0
REWARD = RewardSpec(metrics={"click": 1.0, "dismiss": 0.0}, window="120s", settle="earliest")


class Shop:
    """Shows everybody one of two things at random; what came of it is reported after that thing's delay.

    It has just opened: the number of turns doubles every minute.
    """

    def __init__(self, make_bot: Any, settle: str, seed: int, *, bad_news: bool = True) -> None:
        self.bot = make_bot(
            reward=msgspec.structs.replace(REWARD, settle=settle),
            actions=tuple(ActionSpec(id=id, templates={"en": id}) for id in DELAY_S),
            baseline="quick",
            policy=PolicySpec(params={"flags": FLAGS}),
        )
        self.learner = self.bot.learner(publish_every_us=10**15)
        self._bad_news = bad_news
        self._rng = random.Random(seed)
        self._to_come: list[tuple[int, OutcomeRecord]] = []
        self._key = self.bot.keys.ref_for("session", "s")

    def open(self) -> None:
        """Its first minutes. In the end many outcomes are still to come."""
        start_us = self.bot.clock()
        for turn in range(TURNS):
            self.bot.clock.now_us = start_us + round(60e6 * math.log2(1 + turn / TURNS * (2**MINUTES - 1)))
            while self._to_come and self._to_come[0][0] <= self.bot.clock():
                self.bot.journal.append([heapq.heappop(self._to_come)[2]])
            self._show(str(turn))
            while self.learner.step():
                pass

    def _show(self, id: str) -> None:
        chosen, success = self._rng.randrange(2), self._rng.random() < SUCCESS
        self.bot.journal.append([self._decision(id, chosen)])
        if success or self._bad_news:
            outcome = OutcomeRecord(id="o", decision_id=id, metric="click" if success else "dismiss", value=1.0)
            due_us = self.bot.clock() + list(DELAY_S.values())[chosen] * 1_000_000
            heapq.heappush(self._to_come, (due_us, id, outcome))

    def _decision(self, id: str, chosen: int) -> DecisionRecord:
        return DecisionRecord(
            id=id,
            placement="greeting",
            catalogue=self.bot.specs["greeting"].version,
            unit="u",
            group="champion",
            candidates=tuple(DELAY_S),
            pmf=(0.5, 0.5),
            chosen=chosen,
            policy="vw",
            model_version="1",
            encoder_version=self.bot.encoder.version,
            reason="policy",
            learnable=True,
            request_digest=b"",
            key_ref=self._key,
            sealed=self.bot.sealer.seal(self._key, PersonalPart(session_id="s"), id.encode()),
        )

    def probability_of_slow(self) -> float:
        """As the model has it now."""
        policy = self.learner.fold.lineages["greeting"].policy
        candidates = [candidate_of(id, {}, self.bot.encoder.action) for id in DELAY_S]
        return policy.pmf(self.bot.encoder.shared({}, {}), candidates)[1]

    def by_chance(self) -> float:
        """How far from ½ that probability may be by chance."""
        chosen = {record.id: record.chosen for record in self.bot.records(DecisionRecord)}
        learned = Counter(chosen[each.decision_id] for each in self.bot.records(SettlementRecord) if each.learn)
        variance = SUCCESS * (1.0 - SUCCESS) * sum(1.0 / n for n in learned.values())
        return STANDARD_ERRORS * LAMBDA / 4.0 * math.sqrt(variance)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("settle", ["window", "earliest"])
def test_equal_rewards_after_unequal_delays_give_equal_probabilities(make_bot, settle, seed):
    shop = Shop(make_bot, settle, seed)
    shop.open()
    assert abs(shop.probability_of_slow() - 0.5) < shop.by_chance() < 0.16


@pytest.mark.parametrize("seed", [1, 2])
def test_without_bad_news_the_slow_one_looks_worse_which_is_why_it_is_refused(make_bot, seed):
    shop = Shop(make_bot, "earliest", seed, bad_news=False)
    shop.open()
    assert shop.probability_of_slow() < 0.5 - shop.by_chance()


def test_each_decision_is_learned_once_also_by_a_learner_that_is_started_again(make_bot):
    bot = make_bot(reward=REWARD)
    decisions = [bot.ask(session_id=str(n)) for n in range(4)]
    learner = bot.learner()
    for decision in decisions[:3]:
        bot.clock.advance(1)
        bot.tell(decision.id, outcome_id="o")
        learner.step()
        bot.tell(decision.id, 0.0, outcome_id="p", corrects="o")
    assert learner.fold.lineages["greeting"].learned == 3
    learner = bot.learner()
    bot.clock.advance(200)
    bot.settle(learner)
    assert learner.fold.lineages["greeting"].learned == 4
    said = [(record.early, record.learn, record.reward) for record in bot.records(SettlementRecord)]
    assert said == [(True, True, 1.0)] * 3 + [(False, False, 0.0)] * 3 + [(False, True, 0.0)]
    assert verify(bot.journal, bot.vault, bot.snapshots).settlements == 7
