"""The interval of a mean covers what it says, and is refused where it would say nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from engine.errors import NotEvaluable
from engine.stats.mean import mean
from engine.stats.sums import Moments


def test_the_interval_is_students() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, 200)
    expected = stats.t.interval(0.9, 199, values.mean(), stats.sem(values))
    result = mean(Moments.from_array(values), confidence=0.9)
    assert (result.low, result.high) == pytest.approx(expected)
    assert (result.mean, result.n) == (pytest.approx(values.mean()), 200)


def test_the_interval_covers_as_often_as_it_says() -> None:
    rng, rounds = np.random.default_rng(2), 2_000
    results = [mean(Moments.from_array(rng.random(400) < 0.15)) for _ in range(rounds)]
    covered = np.mean([result.low <= 0.15 <= result.high for result in results])
    assert abs(covered - 0.95) <= 4.0 * math.sqrt(0.95 * 0.05 / rounds)


def test_a_mean_speaks_for_itself() -> None:
    assert str(mean(Moments.from_array([0.0, 1.0] * 800))) == "0.5000 [0.4755, 0.5245] (95 %, n=1,600)"


@pytest.mark.parametrize(("values", "why"), [([], "0 units"), ([1.0, 0.0] * 14, "28 units"), ([0.0] * 99, "no unit")])
def test_too_little_gives_a_refusal(values: list[float], why: str) -> None:
    with pytest.raises(NotEvaluable, match=why):
        mean(Moments.from_array(values))


def test_a_confidence_is_a_share() -> None:
    with pytest.raises(ValueError, match="confidence"):
        mean(Moments.from_array([0.0, 1.0] * 50), confidence=95.0)
