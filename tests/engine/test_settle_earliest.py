"""When to learn: two actions of equal worth, one of which is heard of sooner, must end up equally probable.

Everybody sees either action with equal probability. While turns go on the model is asked how probable each is. A policy
that weighs by softmax makes of two estimates, r apart, probabilities that are sigmoid(λ r) and its complement; so how
far from ½ chance alone may take them follows from how many rewards each estimate is made of.
"""

from __future__ import annotations

import asyncio
import heapq
import random

from engine.catalog import candidate_of
from engine.config import ActionSpec, PolicySpec, RewardSpec, TrafficSpec
from engine.feedback import Outcome

TURNS = 1_200
EVERY_S = 1.0
DELAY_S = {"quick": 2.0, "slow": 90.0}
SUCCESS = 0.5
LAMBDA = 4.0
RANDOM = TrafficSpec(champion=0.0, random=1.0, control=0.0)
FLAGS = f"--cb_explore_adf --softmax --lambda {LAMBDA:g} --epsilon 0.0 -l 0.5 --power_t 0.5 -b 12"


def probability_of_slow(make_bot, settle: str, *, bad_news: bool, seed: int = 1, observe=lambda learner: None) -> float:
    """After many turns, in the middle of them: outcomes of the last ones are still to come."""
    bot = make_bot(
        reward=RewardSpec(metrics={"click": 1.0, "dismiss": 0.0}, window="120s", settle=settle),
        actions=tuple(ActionSpec(id=id, templates={"en": id}) for id in DELAY_S),
        baseline="quick",
        policy=PolicySpec(params={"flags": FLAGS}),
        traffic=RANDOM,
    )
    rng, learner, due = random.Random(seed), bot.learner(), []
    for turn in range(TURNS):
        bot.clock.advance(EVERY_S)
        while due and due[0][0] <= bot.clock():
            _, decision_id, metric = heapq.heappop(due)
            asyncio.run(bot.feedback.outcomes([Outcome(decision_id, metric, 1.0)]))
        decision = bot.ask(session_id=str(turn))
        metric = "click" if rng.random() < SUCCESS else "dismiss"
        if metric == "click" or bad_news:
            heapq.heappush(due, (bot.clock() + round(DELAY_S[decision.action_id] * 1e6), decision.id, metric))
        while learner.step():
            pass
    observe(learner)
    return slow(bot, learner)


def slow(bot, learner) -> float:
    policy = learner.fold.lineages["greeting"].policy
    candidates = [candidate_of(id, {}, bot.encoder.action) for id in DELAY_S]
    return policy.pmf(bot.encoder.shared({}, {}), candidates)[1]
