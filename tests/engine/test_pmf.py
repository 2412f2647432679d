"""Floors, draws and the sampling that everything logged relies on."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import PolicyError
from engine.pmf import draw, sample, with_floor
from engine.policies.check_draws import unlike

weights = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=50).filter(lambda values: sum(values) > 1e-6)
ALMOST_ONE = math.nextafter(1.0, 0.0)


@given(weights, st.floats(0.0, 1.0))
def test_with_floor_keeps_the_floor_and_the_sum(pmf: list[float], epsilon: float) -> None:
    floored = with_floor([p / sum(pmf) for p in pmf], epsilon)
    assert len(floored) == len(pmf)
    assert min(floored) >= epsilon / len(pmf)
    assert math.fsum(floored) == pytest.approx(1.0, abs=1e-12)


def test_a_pmf_above_the_floor_is_left_alone() -> None:
    assert with_floor([0.5, 0.3, 0.2], 0.1) == [0.5, 0.3, 0.2]


def test_weights_that_do_not_sum_to_one_are_normalised() -> None:
    assert with_floor([3.0, 1.0], 0.1) == [0.75, 0.25]


def test_a_pmf_below_the_floor_is_mixed_with_uniform() -> None:
    assert with_floor([1.0, 0.0], 0.2) == pytest.approx([0.9, 0.1])


@pytest.mark.parametrize("pmf", [[0.0, 0.0], [math.nan, 1.0], [-0.5, 1.5], [math.inf, 1.0], []], ids=repr)
def test_with_floor_refuses_what_is_not_a_pmf(pmf: list[float]) -> None:
    with pytest.raises(PolicyError):
        with_floor(pmf, 0.1)


@pytest.mark.parametrize("epsilon", [-0.1, 1.1, math.nan])
def test_with_floor_refuses_what_is_not_a_share(epsilon: float) -> None:
    with pytest.raises(PolicyError, match="epsilon"):
        with_floor([1.0], epsilon)


@given(weights, st.floats(0.0, ALMOST_ONE))
def test_what_is_impossible_is_never_drawn(pmf: list[float], u: float) -> None:
    assert pmf[sample([p / sum(pmf) for p in pmf], u)] > 0.0


@pytest.mark.parametrize(
    ("pmf", "u", "index"),
    [
        ([0.25, 0.75], 0.0, 0),
        ([0.25, 0.75], math.nextafter(0.25, 0.0), 0),
        ([0.25, 0.75], 0.25, 1),
        ([0.0, 1.0], 0.0, 1),
        ([0.1] * 10, ALMOST_ONE, 9),
        ([0.5, 0.5 - 1e-12, 0.0], ALMOST_ONE, 1),
        ([1.0], ALMOST_ONE, 0),
    ],
)
def test_sample_inverts_the_cumulative_pmf(pmf: list[float], u: float, index: int) -> None:
    assert sample(pmf, u) == index


@pytest.mark.parametrize("pmf", [[], [0.0, 0.0]], ids=repr)
def test_nothing_is_drawn_from_nothing(pmf: list[float]) -> None:
    with pytest.raises(PolicyError, match="nothing can be drawn"):
        sample(pmf, 0.5)


def test_draws_are_uniform_over_ids_that_count_up() -> None:
    cells, count = 64, 64_000
    counts = [0] * cells
    for number in range(count):
        u = draw(b"salt", f"d{number}")
        assert 0.0 <= u < 1.0
        counts[int(u * cells)] += 1
    assert unlike(counts, [1.0 / cells] * cells) is None


def test_neighbouring_ids_and_other_salts_draw_independently() -> None:
    count = 20_000
    first, second = ([draw(salt, f"d{n}") - 0.5 for n in range(count)] for salt in (b"draw", b"group"))
    limit = 4.5 / 12 / math.sqrt(count)
    assert abs(math.fsum(a * b for a, b in zip(first, second, strict=True)) / count) < limit
    assert abs(math.fsum(a * b for a, b in pairwise(first)) / count) < limit


def test_the_same_salt_and_id_draw_the_same_number() -> None:
    assert draw(b"salt", "d1") == draw(b"salt", "d1") != draw(b"tlas", "d1")
    assert 0.0 <= draw(b"", "\ud800") < 1.0


def test_the_draw_test_notices_a_bias_of_one_percent() -> None:
    assert unlike([50_900, 49_100], [0.5, 0.5]) is not None
    assert unlike([1, 99_999], [0.0, 1.0]) is not None
    assert unlike([50_100, 49_899, 1], [0.5, 0.49999, 0.00001]) is None
