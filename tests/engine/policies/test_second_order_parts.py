"""The parts of the second engine, each against what it must equal."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.policies.counts import SHARES, exact_pmf, in_shares
from engine.policies.second_order.alarm import LEAST_BEFORE, WINDOW, DriftAlarm
from engine.policies.second_order.best import probability_of_best
from engine.policies.second_order.context import BIAS_PLACE, ContextMaker
from engine.policies.second_order.mix import Mix
from engine.policies.second_order.posterior import assimilate, inverted, softened
from engine.policies.second_order.ridge import RidgeArms
from engine.policies.second_order.rows import UNKNOWN, ArmRows
from engine.policies.second_order.shared import SharedRidge
from engine.types import Candidate

DRAWS = 400_000
QUADRATURE = 0.002


def inputs(count: int, width: int, seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(0.0, 1.0, (count, width)) / math.sqrt(width)
    drawn[:, 0] = 1.0
    return drawn


def test_a_posterior_is_the_ridge_regression_of_everything_at_once() -> None:
    x, prior = inputs(300, 12, seed=1), 0.1
    rewards = np.random.default_rng(2).random(300)
    covariance, weights = np.eye(12) / prior, np.zeros((2, 12))
    for row, reward in zip(x, rewards, strict=True):
        assimilate(covariance, weights, row, (reward, 0.0))
    precision = x.T @ x + prior * np.eye(12)
    assert np.allclose(covariance, np.linalg.inv(precision), atol=1e-12)
    assert np.allclose(weights[0], np.linalg.solve(precision, x.T @ rewards), atol=1e-12)


def test_a_hundred_thousand_updates_leave_a_covariance_the_inverse_of_its_precision() -> None:
    x, prior = inputs(100_000, 20, seed=3), 0.1
    covariance, weights = np.eye(20) / prior, np.zeros((2, 20))
    for row in x:
        assimilate(covariance, weights, row, (0.5, 0.0))
    precision = x.T @ x + prior * np.eye(20)
    assert np.abs(covariance @ precision - np.eye(20)).max() < 1e-10
    assert (covariance == covariance.T).all()
    assert np.linalg.eigvalsh(covariance).min() > 0.0


def test_inverses_are_those_of_the_library_and_symmetric() -> None:
    halves = np.random.default_rng(4).normal(size=(5, 30, 30))
    positive = halves @ halves.transpose(0, 2, 1) + np.eye(30)
    found = inverted(positive)
    assert np.allclose(found, np.linalg.inv(positive), rtol=1e-9, atol=1e-11)
    assert (found == found.transpose(0, 2, 1)).all()


def test_softening_keeps_a_share_of_what_was_seen() -> None:
    x = inputs(50, 6, seed=5)
    seen = x.T @ x
    covariances = np.linalg.inv(seen + 0.1 * np.eye(6))[None]
    expected = np.linalg.inv(0.05 * seen + 0.1 * np.eye(6))
    assert np.allclose(softened(covariances, np.full(6, 0.1), 0.05)[0], expected, rtol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_the_probability_of_best_is_what_drawing_gives(seed: int) -> None:
    luck = np.random.default_rng(seed)
    means, deviations = luck.normal(0.0, 0.1, 10), np.abs(luck.normal(0.0, 0.1, 10)) + 0.01
    drawn = (means + deviations * luck.standard_normal((DRAWS, 10))).argmax(axis=1)
    shares = np.bincount(drawn, minlength=10) / DRAWS
    noise = 4.0 * math.sqrt(0.25 / DRAWS)
    assert np.abs(probability_of_best(means, deviations) - shares).max() < QUADRATURE + noise


def test_what_is_certainly_best_has_all_probability_even_without_any_doubt() -> None:
    assert probability_of_best(np.array([0.1, 0.9, 0.2]), np.zeros(3)).tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 50, 200])
def test_shares_sum_exactly_and_keep_the_floor(count: int) -> None:
    pmf = np.random.default_rng(count).dirichlet(np.full(count, 0.1))
    shares = in_shares(pmf, 0.02)
    assert int(shares.sum()) == SHARES
    exact = exact_pmf(pmf, 0.02)
    assert sum(exact) == math.fsum(exact) == 1.0
    assert min(exact) >= 0.02 / count
    assert np.abs(np.array(exact) - (0.98 * pmf + 0.02 / count)).max() <= count / SHARES


def test_without_a_floor_everything_is_still_possible() -> None:
    assert min(exact_pmf(np.array([1.0, 0.0]), 0.0)) == 1 / SHARES


def test_the_alarm_is_silent_while_rewards_follow_forecasts_and_fires_when_they_fall() -> None:
    luck, alarm = np.random.default_rng(6), DriftAlarm(4.0)
    assert not any(alarm.observe(error) for error in luck.normal(0.0, 0.4, 2_000).tolist())
    fell = luck.normal(-0.5, 0.4, WINDOW).tolist()
    assert sum(alarm.observe(error) for error in fell) == 1
    assert alarm.fired == 1


def test_the_alarm_says_nothing_before_it_knows_what_is_usual() -> None:
    alarm = DriftAlarm(1.0)
    assert not any(alarm.observe(-float(n)) for n in range(WINDOW + LEAST_BEFORE - 1))


def test_an_alarm_that_is_off_never_fires() -> None:
    alarm = DriftAlarm(None)
    assert not any(alarm.observe(error) for error in [0.5] * 300 + [-1.0] * 300)


def test_the_mix_follows_who_forecasts_well_and_does_not_take_a_newcomer_for_faultless() -> None:
    mix, early = Mix(3), np.array([True, True, False])
    for _ in range(50):
        mix.learn(np.array([0.9, 0.1, 0.0]), early, 1.0)
    good, bad, newcomer = mix.weights(np.array([True, True, True])).tolist()
    assert good > 10 * bad
    assert newcomer < good
    assert mix.weights(early)[2] == 0.0


def test_the_arm_that_learned_longest_ago_gives_way() -> None:
    arms = ArmRows(most=2)
    assert [arms.claim(id) for id in ("a", "b", "a", "c")] == [(0, True), (1, True), (0, False), (1, True)]
    assert arms.find(["a", "b", "c"]).tolist() == [0, UNKNOWN, 1]


def test_a_context_does_not_depend_on_the_order_of_its_names() -> None:
    maker, named = ContextMaker(16), {f"f{n}": 0.1 * (n + 1) for n in range(9)}
    maker.observe(named)
    one, other = maker.make(named), maker.make(dict(reversed(named.items())))
    assert one.dense.tobytes() == other.dense.tobytes()
    assert one.places.tobytes() == other.places.tobytes()
    assert one.values.tobytes() == other.values.tobytes()
    assert (one.dense[0], one.places[-1], one.values[-1]) == (1.0, BIAS_PLACE, 1.0)


def test_contexts_have_length_one_on_average() -> None:
    maker, luck = ContextMaker(64), np.random.default_rng(7)
    lengths = []
    for _ in range(2_000):
        named = dict(zip("abcdefgh", luck.normal(0.0, 3.0, 8).tolist(), strict=True))
        maker.observe(named)
        lengths.append(float((maker.make(named).dense[1:] ** 2).sum()))
    assert np.mean(lengths[500:]) == pytest.approx(1.0, abs=4 * np.std(lengths) / math.sqrt(1_500))


def test_texts_make_contexts_wide_and_a_few_rare_names_do_not() -> None:
    texts, visits = ContextMaker(16), ContextMaker(16)
    for n in range(200):
        texts.observe({f"word={n}-{i}": 1.0 for i in range(10)})
        visits.observe({"age": 1.0, "spent": -1.0, f"city={n}": 0.5})
    assert texts.wide
    assert not visits.wide
    assert visits.width == 16


def test_names_that_come_later_leave_what_was_learned_as_it_was() -> None:
    maker, arms, first = ContextMaker(64), RidgeArms(0.1), np.array([0])
    for n in range(40):
        maker.observe({"x": 1.0})
        arms.learn(maker.make({"x": 1.0}), 0, n == 0, float(n % 2))
    before, known = maker.make({"x": 1.0}), maker.make({"x": 1.0, "y": 1.0})
    means, variances = arms.means(before, first, 0.0), arms.variances(before, first)
    assert arms.variances(known, first) > variances
    maker.observe({f"y{n}": 1.0 for n in range(20)})
    arms.learn(maker.make({"y0": 1.0}), 1, True, 1.0)
    wider = replace(before, dense=np.append(before.dense, np.zeros(maker.width - len(before.dense))))
    assert len(wider.dense) > len(before.dense)
    assert arms.means(wider, first, 0.0) == pytest.approx(means, abs=1e-12)
    assert arms.variances(wider, first) == pytest.approx(variances, abs=1e-12)


def test_an_arm_nobody_tried_is_expected_to_earn_the_level_and_is_as_uncertain_as_the_prior() -> None:
    maker, arms = ContextMaker(16), RidgeArms(0.1)
    maker.observe({"x": 1.0})
    context = maker.make({"x": 1.0})
    for n in range(50):
        arms.learn(context, 0, n == 0, 0.9)
    old, new = arms.means(context, np.array([0, UNKNOWN]), 0.4).tolist()
    assert (old, new) == (pytest.approx(0.9, abs=0.01), 0.4)
    assert arms.variances(context, np.array([UNKNOWN]))[0] == pytest.approx(2.0 / 0.1)


def test_what_all_arms_share_is_inherited_by_new_content() -> None:
    maker, shared, luck = ContextMaker(16), SharedRidge(96), np.random.default_rng(8)
    for n in range(400):
        named = {"young": 1.0} if n % 2 else {"old": 1.0}
        tone = "casual" if luck.random() < 0.5 else "formal"
        maker.observe(named)
        liked = (tone == "casual") == ("young" in named)
        shared.learn(maker.make(named), Candidate(f"a{n % 9}", "k", {f"id=a{n % 9}": 1.0, tone: 1.0}), float(liked))
    new = [Candidate(tone, tone, {tone: 1.0}) for tone in ("casual", "formal")]
    means, variances = shared.means_and_variances(maker.make({"young": 1.0}), new, 0.5)
    assert means[0] > 0.8 > 0.2 > means[1]
    assert (variances > 0.0).all()
