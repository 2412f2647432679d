"""Moments: any order and any partition give the same numbers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.stats.sums import Moments, merged

RELATIVE = 1e-12
numbers = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False)


def close(a: Moments, b: Moments, scale: float) -> None:
    assert a.n == b.n
    assert a.mean == pytest.approx(b.mean, rel=RELATIVE, abs=RELATIVE * scale)
    assert a.m2 == pytest.approx(b.m2, rel=RELATIVE, abs=RELATIVE * scale**2 * max(a.n, 1))


@given(st.lists(numbers, max_size=60), st.lists(st.integers(0, 60), max_size=6), st.randoms(use_true_random=False))
def test_any_partition_in_any_order_gives_the_same_moments(values: list[float], cuts: list[int], rng: object) -> None:
    whole = Moments.from_array(values)
    shuffled = list(values)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    edges = [0, *sorted(min(cut, len(shuffled)) for cut in cuts), len(shuffled)]
    parts = [Moments.from_array(shuffled[a:b]) for a, b in itertools.pairwise(edges)]
    close(merged(parts), whole, scale=max(map(abs, values), default=1.0))


@given(st.lists(numbers, max_size=60))
def test_one_number_at_a_time_gives_the_moments_of_the_array(values: list[float]) -> None:
    one_by_one = Moments()
    for value in values:
        one_by_one = one_by_one.add(value)
    close(one_by_one, Moments.from_array(values), scale=max(map(abs, values), default=1.0))


def test_moments_are_numpys_mean_and_variance() -> None:
    values = np.random.default_rng(1).gamma(2.0, size=10_000)
    moments = Moments.from_array(values)
    assert moments.mean == pytest.approx(values.mean(), rel=RELATIVE)
    assert moments.variance == pytest.approx(values.var(ddof=1), rel=RELATIVE)
    assert moments.standard_error == pytest.approx(values.std(ddof=1) / 100.0, rel=RELATIVE)


def test_a_large_offset_does_not_destroy_the_variance() -> None:
    values = np.random.default_rng(2).normal(size=4_096)
    shifted = merged(Moments.from_array(part) for part in np.split(values + 1e8, 64))
    assert shifted.variance == pytest.approx(values.var(ddof=1), rel=1e-6)


def test_nothing_merged_with_nothing_is_nothing() -> None:
    assert merged([]) == Moments() == Moments.from_array([])
    assert math.isnan(Moments().variance)
    assert math.isnan(Moments().add(1.0).standard_error)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Moments().add(bad)
    with pytest.raises(ValueError, match="finite"):
        Moments.from_array([0.0, bad])
