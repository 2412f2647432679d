"""The token bucket lets through a burst and then its rate, never more, and says how long to wait."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.auth.bucket import TokenBucket

RATES = st.floats(min_value=0.001, max_value=1e6)
PAUSES = st.lists(st.floats(min_value=0.0, max_value=100.0), min_size=1, max_size=200)
ROUNDING = 1e-6


@given(RATES, PAUSES)
def test_no_caller_gets_more_than_a_burst_and_the_rate(rate: float, pauses: list[float]):
    bucket = TokenBucket(rate)
    times = list(accumulate(pauses))
    made = sum(bucket.take(now) == 0.0 for now in times)
    assert made <= max(1.0, rate) + rate * (times[-1] - times[0]) * (1 + ROUNDING) + ROUNDING


@given(RATES, PAUSES)
def test_whoever_waits_as_told_is_let_through(rate: float, pauses: list[float]):
    bucket = TokenBucket(rate)
    now = 0.0
    for pause in pauses:
        now += pause
        wait_s = bucket.take(now)
        if wait_s:
            now += wait_s * (1 + ROUNDING) + ROUNDING
            assert bucket.take(now) == 0.0


@pytest.mark.parametrize(("rate", "burst"), [(0.5, 1), (1.0, 1), (3.0, 3), (200.0, 200)])
def test_a_seconds_worth_of_calls_may_come_at_once(rate: float, burst: int):
    bucket = TokenBucket(rate)
    assert [bucket.take(7.0) for _ in range(burst)] == [0.0] * burst
    assert bucket.take(7.0) == pytest.approx(1.0 / rate)


def test_a_refused_call_costs_nothing():
    bucket = TokenBucket(1.0)
    assert bucket.take(0.0) == 0.0
    waits = [bucket.take(now) for now in (0.0, 0.25, 0.5, 0.75)]
    assert waits == pytest.approx([1.0, 0.75, 0.5, 0.25])
    assert bucket.take(1.0) == 0.0


def test_rest_does_not_save_up_more_than_a_burst():
    bucket = TokenBucket(2.0)
    assert [bucket.take(0.0), bucket.take(0.0), bucket.take(1e6), bucket.take(1e6)] == [0.0] * 4
    assert bucket.take(1e6) > 0.0
