"""Policies that others are compared with: each explores as its paper says."""

from __future__ import annotations

import math
import random
from statistics import fmean

import numpy as np
import pytest

from engine.errors import ConfigError, SnapshotError
from engine.policies import registry
from engine.policies.bernoulli_thompson import BernoulliThompsonPolicy
from engine.policies.epsilon_greedy import EpsilonGreedyPolicy
from engine.policies.fixed import FixedPolicy
from engine.policies.igw import IgwPolicy
from engine.policies.lin_ts import LinTsPolicy
from engine.policies.linucb import LinUcbPolicy
from engine.policies.ucb1 import Ucb1Policy
from engine.types import Candidate, TrainingExample

ARMS = tuple(Candidate(f"a{n}", f"a{n}", {f"id=a{n}": 1.0}) for n in range(4))
BY_CONTEXT = ("epsilon_greedy", "igw", "lin_ts", "linucb", "second_order")
BY_ARM = ("bernoulli_thompson", "ucb1")
DRAWS = 400_000


def teach(policy, arm: int, *rewards: float, context: dict[str, float] | None = None) -> None:
    for reward in rewards:
        policy.learn(TrainingExample(context or {}, ARMS, arm, 0.25, reward))


def earned(name: str, turns: int, seed: int) -> float:
    """The mean reward of the last half, where segment n likes arm n best."""
    luck, policy, rewards = random.Random(seed), registry.build(name, {}), []
    for _ in range(turns):
        segment = luck.randrange(4)
        context = {f"segment={segment}": 1.0}
        pmf = policy.pmf(context, ARMS)
        (chosen,) = luck.choices(range(4), pmf)
        rewards.append(float(luck.random() < (0.8 if chosen == segment else 0.2)))
        policy.learn(TrainingExample(context, ARMS, chosen, pmf[chosen], rewards[-1]))
    return fmean(rewards[turns // 2 :])


@pytest.mark.parametrize("name", BY_CONTEXT)
def test_policies_that_see_the_context_learn_whom_to_offer_what(name: str) -> None:
    assert earned(name, 600, seed=1) > 0.6


@pytest.mark.parametrize("name", BY_ARM)
def test_policies_that_do_not_see_the_context_earn_what_one_arm_earns_of_everybody(name: str) -> None:
    noise = 4.0 * math.sqrt(0.25 / 300)
    assert earned(name, 600, seed=1) == pytest.approx(0.35, abs=noise)


def test_ucb1_plays_what_was_never_played_and_then_what_could_be_best() -> None:
    policy = Ucb1Policy(floor=0.0)
    for arm in (0, 1, 3):
        teach(policy, arm, 1.0)
    assert policy.pmf({}, ARMS)[2] > 0.999
    teach(policy, 2, *[0.0] * 20)
    assert policy.pmf({}, ARMS)[2] < 0.001


def test_bernoulli_thompson_plays_each_as_often_as_it_is_the_best_of_a_draw() -> None:
    policy, luck = BernoulliThompsonPolicy(floor=0.0), np.random.default_rng(1)
    played = {0: (3, 40), 1: (30, 400), 2: (0, 0), 3: (1, 9)}
    for arm, (clicks, plays) in played.items():
        teach(policy, arm, *[1.0] * clicks, *[0.0] * (plays - clicks))
    drawn = np.array([luck.beta(1 + s, 1 + n - s, DRAWS) for s, n in played.values()]).argmax(axis=0)
    shares = np.bincount(drawn, minlength=4) / DRAWS
    noise = 4.0 * math.sqrt(0.25 / DRAWS)
    assert np.abs(np.array(policy.pmf({}, ARMS)) - shares).max() < 0.005 + noise


@pytest.mark.parametrize(("clicks", "plays"), [(0, 100_000), (100_000, 100_000), (50_000, 100_000), (0, 1)])
def test_bernoulli_thompson_has_probabilities_for_any_counts(clicks: int, plays: int) -> None:
    policy = BernoulliThompsonPolicy(floor=0.0)
    pmf = policy._explore(np.array([plays, plays, 3.0]), np.array([clicks, clicks, 1.0]))
    assert pmf.sum() == pytest.approx(1.0)
    assert pmf[0] == pytest.approx(pmf[1], abs=1e-9)


def test_lin_ts_is_thompson_sampling_of_its_posterior() -> None:
    policy, luck = LinTsPolicy(floor=0.0, prior=1.0), np.random.default_rng(2)
    means, deviations = np.array([0.3, 0.28, 0.1]), np.array([0.4, 0.9, 0.8])
    drawn = (means + 0.1 * deviations * luck.standard_normal((DRAWS, 3))).argmax(axis=1)
    noise = 4.0 * math.sqrt(0.25 / DRAWS)
    assert np.abs(policy._explore(means, deviations) - np.bincount(drawn) / DRAWS).max() < 0.002 + noise


def test_linucb_takes_what_could_be_best_and_shares_among_equals() -> None:
    policy = LinUcbPolicy(width=1.0, floor=0.0)
    assert policy._explore(np.array([0.5, 0.3, 0.3]), np.array([0.1, 0.4, 0.2])).tolist() == [0.0, 1.0, 0.0]
    assert policy.pmf({}, ARMS) == [0.25] * 4


def test_igw_gives_probability_by_the_gap_to_the_best() -> None:
    policy = IgwPolicy(gamma_scale=10.0)
    policy._learned = 100
    pmf = policy._explore(np.array([0.5, 0.4, 0.1]), np.ones(3))
    assert pmf[1:].tolist() == pytest.approx([1 / (3 + 100 * 0.1), 1 / (3 + 100 * 0.4)])
    assert pmf.sum() == pytest.approx(1.0)


def test_epsilon_greedy_spreads_epsilon_and_nothing_else() -> None:
    policy = EpsilonGreedyPolicy(epsilon=0.2)
    teach(policy, 1, 1.0, 1.0)
    assert policy.pmf({}, ARMS) == pytest.approx([0.05, 0.85, 0.05, 0.05], abs=1e-6)


def test_fixed_shares_are_of_those_that_are_candidates() -> None:
    policy = FixedPolicy({"a0": 3.0, "a1": 1.0, "gone": 5.0})
    assert policy.pmf({}, ARMS) == [0.75, 0.25, 0.0, 0.0]
    assert policy.pmf({}, ARMS[2:]) == [0.5, 0.5]
    with pytest.raises(ConfigError, match="'a0' is -1"):
        FixedPolicy({"a0": -1.0})


@pytest.mark.parametrize("name", [*BY_CONTEXT, *BY_ARM])
def test_no_probability_is_below_the_floor(name: str) -> None:
    policy = registry.build(name, {})
    teach(policy, 2, *[1.0] * 50)
    floor = getattr(policy, "epsilon", 0.02)
    assert min(policy.pmf({}, ARMS)) >= floor / 4


@pytest.mark.parametrize("name", [*BY_CONTEXT, *BY_ARM])
def test_a_state_of_another_policy_is_refused(name: str, tmp_path) -> None:
    other = "ucb1" if name != "ucb1" else "igw"
    registry.build(other, {}).save(tmp_path / "state")
    with pytest.raises(SnapshotError, match=f"learned by {other}"):
        registry.load(name, {}, tmp_path / "state")
