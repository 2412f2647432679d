"""An estimate comes with its interval, or with the reason why there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import NotEvaluable
from engine.stats.weighted import Range
from simulator.ope.check_logs import modest_log
from simulator.ope.estimate import INTERVALS, Asked, estimate
from simulator.ope.registry import estimators

LOG = modest_log(4_000, seed=21)
CLICKS = Range(0.0, 1.0)
WEIGHTS = Range(0.0, 10.0)


@pytest.mark.parametrize("kind", INTERVALS)
@pytest.mark.parametrize("name", estimators())
def test_every_kind_of_every_estimator_holds_the_truth_or_says_why_not(name: str, kind: str) -> None:
    found = estimate(Asked(LOG.rows, estimators()[name](), CLICKS, WEIGHTS), kind)
    if found.interval is None:
        assert name not in {"ips", "snips"}
        assert found.reason == f"{kind} intervals are of ips and snips only"
    else:
        assert found.interval.low <= found.value <= found.interval.high
        assert found.interval.low - 0.02 <= LOG.truth <= found.interval.high + 0.02
        assert found.interval.kind == kind


@pytest.mark.parametrize("kind", ["empirical_likelihood", "bernstein", "confidence_sequence"])
def test_what_needs_the_range_of_rewards_says_so(kind: str) -> None:
    found = estimate(Asked(LOG.rows, estimators()["ips"](), weights=WEIGHTS), kind)
    assert "must be declared" in str(found.reason)


def test_bernstein_needs_the_greatest_weight() -> None:
    found = estimate(Asked(LOG.rows, estimators()["ips"](), CLICKS), "bernstein")
    assert found.reason == "the greatest weight there can be must be declared"


def test_rows_that_were_not_all_kept_or_are_of_the_same_units_need_the_delta_method_or_the_bootstrap() -> None:
    kept = replace(LOG.rows, keep=np.full(len(LOG.rows), 0.5))
    found = estimate(Asked(kept, estimators()["ips"](), CLICKS), "empirical_likelihood")
    assert "some were not kept" in str(found.reason)
    units = np.arange(len(LOG.rows)) // 2
    found = estimate(Asked(LOG.rows, estimators()["ips"](), CLICKS, units=units), "confidence_sequence")
    assert "units with several each" in str(found.reason)
    paired = estimate(Asked(LOG.rows, estimators()["ips"](), CLICKS, units=units))
    assert paired.interval is not None
    assert paired.interval.n == len(LOG.rows) // 2


def test_an_estimate_says_what_it_is() -> None:
    found = estimate(Asked(LOG.rows, estimators()["ips"](), CLICKS))
    assert str(found).startswith(f"ips {found.value:.4f} [")
    assert 0.0 < found.effective <= found.n == len(LOG.rows)


def test_without_rows_there_is_no_estimate() -> None:
    with pytest.raises(NotEvaluable, match="no rows"):
        estimate(Asked(LOG.rows[:0], estimators()["ips"]()))
