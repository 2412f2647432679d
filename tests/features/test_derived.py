"""Derived features, against the standard library's calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.derived import LONGEST_ABSENCE_DAYS, local_time, return_visit

DAY_US = 86_400_000_000
NOW_US = 1_790_000_000_000_000


@given(st.datetimes(datetime(1970, 1, 3), datetime(2100, 1, 1)), st.integers(-840, 840))
def test_local_time_is_what_the_calendar_says(utc: datetime, offset: int) -> None:
    moment = utc.replace(tzinfo=UTC)
    there = moment.astimezone(timezone(timedelta(minutes=offset)))
    now_us = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    local = local_time(now_us, offset)
    assert (local.hour, local.weekday) == (there.hour, there.weekday())
    assert local.business_hours == (there.weekday() < 5 and 9 <= there.hour < 17)


@pytest.mark.parametrize(
    ("hour", "part"),
    [
        (0, "night"),
        (4, "night"),
        (5, "morning"),
        (11, "morning"),
        (12, "afternoon"),
        (16, "afternoon"),
        (17, "evening"),
    ],
)
def test_the_day_has_four_parts(hour: int, part: str) -> None:
    assert local_time(hour * 3_600_000_000, 0).part_of_day == part


def test_nobody_returns_from_a_first_visit() -> None:
    assert return_visit(NOW_US, 0, 0) == (False, 0.0)


def test_days_are_counted_from_the_last_visit() -> None:
    assert return_visit(NOW_US, NOW_US // 1_000_000 - 3 * 86_400, 2) == (True, 3.0)


def test_a_visit_in_the_future_is_no_days_ago() -> None:
    assert return_visit(NOW_US, NOW_US // 1_000_000 + 60, 2) == (True, 0.0)


@pytest.mark.parametrize("last_visit_unix", [0, -1, 1])
def test_long_or_unknown_absences_count_as_a_year(last_visit_unix: int) -> None:
    assert return_visit(NOW_US, last_visit_unix, 2) == (True, LONGEST_ABSENCE_DAYS)
