"""Too little, or unsuitable: a reason, never a doubtful number."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import NotEvaluable
from engine.stats.bernstein import bernstein
from engine.stats.bootstrap import Resampling, bootstrap
from engine.stats.delta import delta
from engine.stats.empirical_likelihood import empirical_likelihood
from engine.stats.influence import Influence, by_unit
from engine.stats.interval import Interval
from engine.stats.sums import Moments
from engine.stats.weighted import Range, Weighted, merged

CLICKS = Range(0.0, 1.0)
ONE_CARRIES_ALL = np.concatenate([[1_999.0], np.full(1_999, -1.0)])


def centred(n: int, seed: int = 1) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=n)
    return np.asarray(rows - rows.mean())


def test_too_few_units() -> None:
    with pytest.raises(NotEvaluable, match="10 units, an interval needs 30"):
        delta(0.0, Influence(centred(10)))
    with pytest.raises(NotEvaluable, match="500 units, an interval needs 1,000"):
        bootstrap(0.0, Influence(centred(500)))


@pytest.mark.parametrize("interval", [delta, bootstrap])
def test_one_unit_that_carries_all_of_the_variance(interval: object) -> None:
    with pytest.raises(NotEvaluable, match="carry all of the variance"):
        interval(0.0, Influence(ONE_CARRIES_ALL))  # type: ignore[operator]


def test_units_that_are_all_alike() -> None:
    with pytest.raises(NotEvaluable, match="no unit differs"):
        delta(0.5, Influence(np.zeros(100)))


def test_a_confidence_that_is_none() -> None:
    with pytest.raises(ValueError, match="not between 0 and 1"):
        delta(0.0, Influence(centred(100)), confidence=95.0)


def test_rewards_and_weights_outside_of_what_was_declared() -> None:
    rows = Weighted.of(np.ones(100), np.full(100, 2.0))
    with pytest.raises(NotEvaluable, match="reward 2 was seen, declared are 0 to 1"):
        empirical_likelihood(rows, CLICKS)
    with pytest.raises(NotEvaluable, match="weight 1 was seen"):
        empirical_likelihood(rows, Range(0.0, 2.0), weights=Range(2.0, 3.0))
    with pytest.raises(NotEvaluable, match="value 3 was seen"):
        bernstein(Moments.from_array([1.0, 3.0]), CLICKS, Range(1.0, 3.0))


def test_weights_that_could_never_be_one_on_average() -> None:
    with pytest.raises(NotEvaluable, match="1 on average"):
        empirical_likelihood(Weighted.of(np.full(50, 0.5), np.ones(50)), CLICKS, weights=Range(0.0, 1.0))


def test_no_rows_and_negative_weights() -> None:
    with pytest.raises(NotEvaluable, match="no rows"):
        Weighted.of(np.zeros(0), np.zeros(0))
    with pytest.raises(NotEvaluable, match="no rows"):
        merged([])
    with pytest.raises(NotEvaluable, match="weight of row 1 is -1"):
        Weighted.of(np.array([1.0, -1.0]), np.ones(2))


def test_units_for_other_rows() -> None:
    with pytest.raises(NotEvaluable, match="3 units for 2 rows"):
        by_unit(np.zeros(2), np.arange(3))


def test_rows_of_one_unit_count_as_one() -> None:
    rows, twice = centred(500), np.repeat(np.arange(500), 2)
    assert delta(0.0, by_unit(np.repeat(rows, 2), twice)) == delta(0.0, Influence(rows))


def test_any_partition_gives_the_same_empirical_likelihood() -> None:
    rng = np.random.default_rng(2)
    weights, rewards = rng.exponential(size=1_000), rng.random(1_000)
    pieces = [Weighted.of(weights[i::7], rewards[i::7]) for i in range(7)]
    whole = Weighted.of(weights, rewards)
    assert merged(pieces) == merged(pieces[::-1]) == whole
    assert empirical_likelihood(merged(pieces), CLICKS) == empirical_likelihood(whole, CLICKS)


def test_the_bootstrap_of_many_units_is_that_of_the_mean() -> None:
    """2,500 units are dealt into blocks; of normal ones the interval is Student's, up to the resamples' noise."""
    rows = Influence(centred(25_003))
    drawn, normal = bootstrap(0.0, rows, resampling=Resampling(resamples=4_000)), delta(0.0, rows)
    assert drawn.width == pytest.approx(normal.width, rel=0.06)
    assert bootstrap(0.0, rows) == bootstrap(0.0, rows)


def test_an_interval_says_what_it_is() -> None:
    assert str(Interval(0.1, 0.2, 0.95, "delta", 1_000)) == "[0.1000, 0.2000] (95 %, delta, n=1,000)"
    assert Interval(-0.5, 1.5, 0.95, "delta", 10).within(0.0, 1.0) == Interval(0.0, 1.0, 0.95, "delta", 10)
