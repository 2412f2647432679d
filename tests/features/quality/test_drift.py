"""Drift is told from chance: the threshold follows from how many people there are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chi2

from features.lint.drift import PRACTICAL, stability_of
from features.vector import Scalar

REPEATS = 400
ALPHA = 0.05


def draws(rng: np.random.Generator, kind: str, count: int) -> list[Scalar]:
    if kind == "number":
        return [float(value) for value in rng.lognormal(size=count)]
    if kind == "count":
        return [int(value) for value in rng.poisson(1.5, count)]
    return [str(value) for value in rng.choice(["a", "b", "c", "d", "rare"], count, p=[0.5, 0.3, 0.1, 0.09, 0.01])]


@pytest.mark.parametrize("kind", ["number", "count", "category"])
@pytest.mark.parametrize("people", [120, 2_000])
def test_chance_alone_exceeds_the_threshold_as_seldom_as_it_says(kind: str, people: int) -> None:
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(REPEATS):
        before, since = draws(rng, kind, people), draws(rng, kind, 2 * people)
        found = stability_of(before, since, ALPHA)
        by_chance = float(chi2.ppf(1 - ALPHA, found.bins - 1)) * (1 / people + 1 / (2 * people))
        alarms += found.psi > by_chance
    beyond = 4.0 * math.sqrt(ALPHA * (1 - ALPHA) / REPEATS)
    assert alarms / REPEATS <= ALPHA + beyond


def test_the_threshold_is_never_below_what_matters() -> None:
    rng = np.random.default_rng(4)
    many = stability_of(draws(rng, "number", 50_000), draws(rng, "number", 50_000), 0.001)
    few = stability_of(draws(rng, "number", 100), draws(rng, "number", 100), 0.001)
    assert many.threshold == PRACTICAL
    assert few.threshold == pytest.approx(float(chi2.ppf(0.999, few.bins - 1)) * 0.02)


def test_a_shift_by_half_a_deviation_is_seen_with_a_thousand_people() -> None:
    rng = np.random.default_rng(5)
    found = stability_of(list(rng.normal(size=1_000)), list(rng.normal(0.5, size=1_000)), 0.001)
    assert found.psi > found.threshold


def test_what_stands_still_has_one_bin_and_no_psi() -> None:
    found = stability_of([True] * 500, [True] * 500, 0.001)
    assert (found.psi, found.bins) == (0.0, 1)


def test_a_category_that_appears_is_seen() -> None:
    found = stability_of(["web"] * 300, ["web"] * 150 + ["app"] * 150, 0.001)
    assert found.psi > found.threshold
