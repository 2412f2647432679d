"""Statistics of a stream: exact where they say so, and of the same size however long it is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from features.listing import listing
from features.observed import Observed
from features.plan import PlannedFeature
from features.stats import KEPT_NUMBERS, KEPT_VALUES, FeatureStats, stats_of
from features.vector import Freshness, Scalar
from tests.features.quality.conftest import Shop, feature


def decision(
    value: Scalar | None, freshness: Freshness = "fresh", *, name: str = "crm.x", keys: tuple[str, ...] = ("user_id",)
) -> Observed:
    missing = (name,) if value is None and freshness in ("fresh", "stale") else ()
    return Observed(0, "offer", "unit", keys, {name: value or 0}, {"crm": freshness}, missing)


def told(
    declared: PlannedFeature, decisions: Iterator[Observed] | list[Observed], *, reveal: bool = False
) -> FeatureStats:
    [stats] = stats_of(listing(Shop({}, {}).having("crm", declared).plan()), decisions, reveal=reveal)
    return stats


def test_shares_are_of_the_decisions_in_which_it_was_asked_for() -> None:
    decisions = [
        *[decision(5)] * 4,
        *[decision(30, "stale")] * 2,
        *[decision(None)] * 1,
        *[decision(None, "missing")] * 3,
        *[decision(None, "missing", keys=("session_id",))] * 5,
        *[decision(None, "error")] * 5,
    ]
    stats = told(feature("x", "int", range=(0, 10)), decisions)
    assert (stats.asked, stats.missing, stats.stale) == (10, 0.4, 0.2)
    assert stats.outside == pytest.approx(1 / 3)


def test_mean_deviation_and_ends_are_exact_and_quantiles_as_good_as_their_sample() -> None:
    numbers = np.random.default_rng(1).exponential(size=20_000)
    stats = told(feature("x", "float"), (decision(float(number)) for number in numbers))
    assert stats.mean == pytest.approx(numbers.mean())
    assert stats.sd == pytest.approx(numbers.std())
    assert (stats.quantiles[0], stats.quantiles[-1]) == (numbers.min(), numbers.max())
    for share, quantile in zip((0.05, 0.25, 0.5, 0.75, 0.95), stats.quantiles[1:-1], strict=True):
        beyond = 4.0 * math.sqrt(share * (1 - share) / KEPT_NUMBERS)
        assert abs(float((numbers <= quantile).mean()) - share) < beyond


def test_of_truth_values_the_mean_is_the_share_that_is_true() -> None:
    stats = told(feature("x", "bool"), [*[decision(True)] * 3, *[decision(False)] * 9])
    assert stats.mean == pytest.approx(0.25)
    assert stats.quantiles == ()


def test_the_most_frequent_values_stand_out_of_any_number_of_others() -> None:
    stream = (decision(f"rare {n}") if n % 2 else decision("common") for n in range(40_000))
    stats = told(feature("x"), stream)
    assert stats.top[0] == ("common", 0.5)
    assert stats.distinct_is_least
    assert stats.distinct is not None
    assert stats.distinct > KEPT_VALUES


def test_few_values_are_counted_exactly() -> None:
    stats = told(feature("x"), [*[decision("a")] * 3, *[decision("b")] * 1])
    assert (stats.distinct, stats.distinct_is_least, stats.top) == (2, False, (("a", 0.75), ("b", 0.25)))


@pytest.mark.parametrize("declared", [{"sensitivity": "personal"}, {"render_only": True}, {"free_text": True}])
def test_values_about_persons_are_told_only_if_asked_for(declared: dict[str, Any]) -> None:
    assert told(feature("x", **declared), [decision("Ada")]).top == ()
    assert told(feature("x", **declared), [decision("Ada")], reveal=True).top == (("Ada", 1.0),)


def test_what_was_never_asked_for_is_left_out() -> None:
    listed = listing(Shop({}, {}).having("crm", feature("x"), feature("y")).plan())
    assert [stats.feature for stats in stats_of(listed, [decision("a")])] == ["crm.x"]
