"""One may look at any moment, and stop: wrong is wrong at most as often as was said."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.errors import NotEvaluable
from engine.stats.confidence_sequence import ConfidenceSequence, DifferenceSequence, LowerSequence
from engine.stats.weighted import Range

STREAMS, EVENTS, EVERY = 200, 2_000, 100
ERROR = 0.05
ALLOWED = ERROR + 1.64 * math.sqrt(ERROR * (1.0 - ERROR) / STREAMS)
CLICKS = Range(0.0, 1.0)


def stream(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A uniform logger over four actions, two policies with weights 3.4 and .2, and rewards that ignore the action."""
    rng = np.random.default_rng([3, seed])
    action = rng.integers(0, 4, EVENTS)
    return np.where(action == 0, 3.4, 0.2), np.where(action == 1, 3.4, 0.2), (rng.random(EVENTS) < 0.3).astype(float)


def parts() -> list[slice]:
    return [slice(start, start + EVERY) for start in range(0, EVENTS, EVERY)]


def test_a_value_that_is_looked_at_all_the_time_is_covered_all_the_time() -> None:
    alarms = 0
    for seed in range(STREAMS):
        weight, _, reward = stream(seed)
        sequence, missed = ConfidenceSequence(CLICKS), False
        for part in parts():
            sequence = sequence.extended(weight[part], reward[part])
            missed = missed or 0.3 not in sequence.interval()
        alarms += missed
    assert alarms / STREAMS <= ALLOWED


def test_no_difference_is_seldom_taken_for_one_however_often_one_looks() -> None:
    alarms = 0
    for seed in range(STREAMS):
        ours, theirs, reward = stream(seed)
        sequence, missed = DifferenceSequence(CLICKS), False
        for part in parts():
            sequence = sequence.extended(ours[part], theirs[part], reward[part])
            missed = missed or 0.0 not in sequence.interval()
        alarms += missed
    assert alarms / STREAMS <= ALLOWED


def test_a_difference_is_found_in_the_end() -> None:
    rng = np.random.default_rng(4)
    action = rng.integers(0, 2, 40_000)
    reward = (rng.random(40_000) < np.where(action == 0, 0.35, 0.25)).astype(float)
    found = DifferenceSequence(CLICKS).extended(2.0 * (action == 0), 2.0 * (action == 1), reward).interval()
    assert 0.0 < found.low < 0.1 < found.high


def test_parts_in_order_give_what_the_whole_gives() -> None:
    weight, _, reward = stream(0)
    whole = ConfidenceSequence(CLICKS).extended(weight, reward).interval()
    sequence = ConfidenceSequence(CLICKS)
    for part in parts():
        sequence = sequence.extended(weight[part], reward[part])
    assert (sequence.interval().low, sequence.interval().high) == pytest.approx((whole.low, whole.high), abs=1e-9)


def test_rewards_in_other_units_give_the_interval_in_these_units() -> None:
    weight, _, reward = stream(1)
    clicks = ConfidenceSequence(CLICKS).extended(weight, reward).interval()
    money = ConfidenceSequence(Range(-2.0, 3.0)).extended(weight, 5.0 * reward - 2.0).interval()
    assert (money.low, money.high) == pytest.approx((5.0 * clicks.low - 2.0, 5.0 * clicks.high - 2.0), abs=1e-9)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(NotEvaluable, match="there are no rows"):
        ConfidenceSequence(CLICKS).interval()
    with pytest.raises(NotEvaluable, match="reward 2 was seen"):
        ConfidenceSequence(CLICKS).extended(np.ones(1), np.array([2.0]))
    with pytest.raises(NotEvaluable, match="number 1 of the sequence is -1"):
        LowerSequence().extended(np.array([0.0, -1.0]))
    with pytest.raises(NotEvaluable, match="all the same"):
        ConfidenceSequence(Range(1.0, 1.0)).extended(np.ones(1), np.ones(1))


def test_nothing_that_was_earned_is_a_bound_of_zero() -> None:
    assert LowerSequence().extended(np.zeros(1_000)).bound(0.025) == 0.0
