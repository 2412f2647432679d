"""Sums without rounding."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.stats.exact import BLOCK, ExactSums

NUMBERS = st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), max_size=30)


@given(NUMBERS)
def test_a_sum_is_the_nearest_double_to_the_true_one(numbers: list[float]) -> None:
    exact = sum(map(Fraction, numbers), Fraction(0))
    if abs(exact) > Fraction(1.7e308):
        return
    assert ExactSums.of(np.array(numbers)).values == (float(exact),)


@given(NUMBERS, NUMBERS, st.randoms(use_true_random=False))
def test_order_and_partition_change_nothing(first: list[float], second: list[float], luck) -> None:
    both = [*first, *second]
    luck.shuffle(both)
    apart = ExactSums.of(np.array(second)).merge(ExactSums.of(np.array(first)))
    assert apart == ExactSums.of(np.array(both))


def test_long_columns_of_any_magnitude() -> None:
    rng = np.random.default_rng(1)
    numbers = rng.normal(size=3 * BLOCK + 7) * 10.0 ** rng.uniform(-300, 250, 3 * BLOCK + 7)
    assert ExactSums.of(numbers, -numbers, np.zeros(2)).values == (math.fsum(numbers), -math.fsum(numbers), 0.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_has_no_sum(bad: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        ExactSums.of(np.array([1.0, bad]))
