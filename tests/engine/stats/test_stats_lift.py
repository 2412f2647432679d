"""Lift: honest intervals, or a refusal that says why."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import ttest_ind

from engine.errors import NotEvaluable
from engine.stats.lift import MIN_UNITS, lift
from engine.stats.sums import Moments


def rewards(rng: np.random.Generator, units: int, rate: float) -> np.ndarray:
    """Mean reward per user: users decide different numbers of times and differ in how much they like anything."""
    turns = rng.integers(1, 9, size=units)
    return rng.binomial(turns, rng.beta(8.0 * rate, 8.0 * (1.0 - rate), size=units)) / turns


def test_the_interval_is_scipys_welch_interval() -> None:
    rng = np.random.default_rng(3)
    treated, reference = rewards(rng, 400, 0.4), rewards(rng, 60, 0.3)
    ours = lift(Moments.from_array(treated), Moments.from_array(reference))
    theirs = ttest_ind(treated, reference, equal_var=False).confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-9)
    assert ours.difference == pytest.approx(treated.mean() - reference.mean())
    assert ours.relative == pytest.approx(treated.mean() / reference.mean() - 1.0)


def test_the_95_percent_interval_covers_the_truth_in_at_least_93_percent_of_runs() -> None:
    rng, runs, covered = np.random.default_rng(4), 2_000, 0
    for _ in range(runs):
        treated, reference = rewards(rng, 270, 0.30), rewards(rng, 40, 0.18)
        result = lift(Moments.from_array(treated), Moments.from_array(reference))
        covered += result.low <= 0.12 <= result.high
    assert covered / runs >= 0.93 - 3.0 * math.sqrt(0.93 * 0.07 / runs)


def test_a_wider_confidence_gives_a_wider_interval() -> None:
    rng = np.random.default_rng(5)
    treated, reference = (Moments.from_array(rewards(rng, 100, rate)) for rate in (0.4, 0.3))
    narrow, wide = (lift(treated, reference, confidence=c) for c in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize(("treated", "reference", "named"), [(MIN_UNITS - 1, 500, "treated"), (500, 0, "reference")])
def test_too_few_units_are_refused_by_name(treated: int, reference: int, named: str) -> None:
    groups = [Moments.from_array(np.linspace(0.0, 1.0, n)) for n in (treated, reference)]
    with pytest.raises(NotEvaluable, match=rf"{named} group has \d+ units"):
        lift(*groups)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, -0.5])
def test_a_confidence_that_is_none_is_refused(confidence: float) -> None:
    group = Moments.from_array([0.0, 1.0] * 50)
    with pytest.raises(ValueError, match="not between 0 and 1"):
        lift(group, group, confidence=confidence)


def test_groups_without_any_variation_are_refused() -> None:
    zeros = Moments.from_array(np.zeros(100))
    with pytest.raises(NotEvaluable, match="no width"):
        lift(zeros, zeros)


def test_a_reference_that_earns_nothing_has_no_relative_lift() -> None:
    earning = Moments.from_array(np.linspace(0.0, 1.0, 100))
    assert lift(earning, Moments.from_array(np.zeros(100))).relative is None


def test_the_line_names_difference_interval_and_counts() -> None:
    groups = [Moments.from_array(np.linspace(0.0, top, n)) for top, n in ((1.0, 100), (0.5, 50))]
    assert str(lift(*groups)).startswith("lift +0.250 [")
    assert str(lift(*groups)).endswith("(95 %, by user, n=100 vs 50)")
