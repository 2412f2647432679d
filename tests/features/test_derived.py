"""Derived features, against the standard library's calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.derived import local_time, purchase_history, return_visit, session_pace, shown_lately
from features.derived.past import LONGEST_ABSENCE_DAYS
from features.derived.shown import WEEK_HOURS, counted, parsed

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


def test_orders_say_how_long_ago_how_often_and_how_much() -> None:
    three_days_ago = NOW_US // 1_000_000 - 3 * 86_400
    assert purchase_history(NOW_US, 4, three_days_ago, 16, 200.0) == (True, 3.0, 0.25, 50.0)


def test_who_never_ordered_has_no_history_whatever_else_is_stored() -> None:
    assert purchase_history(NOW_US, 0, 1, 5, 80.0) == (False, 0.0, 0.0, 0.0)


def test_more_orders_than_visits_are_one_at_each() -> None:
    assert purchase_history(NOW_US, 4, 0, 0, 0.0) == (True, LONGEST_ABSENCE_DAYS, 1.0, 0.0)


def test_a_session_has_no_pace_before_its_first_turn() -> None:
    assert session_pace(NOW_US, 0, 0) == (0.0, 0.0)
    assert session_pace(NOW_US, NOW_US // 1_000_000 - 120, NOW_US // 1_000_000 - 30) == (2.0, 30.0)
    assert session_pace(NOW_US, 1, NOW_US // 1_000_000 + 5) == (1_440.0, 0.0)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 3)), max_size=40))
def test_what_was_shown_is_counted_by_the_hour(shown: list[tuple[int, int]]) -> None:
    """``shown``: hours since the one before, and how many then."""
    hour, text, times = NOW_US // 3_600_000_000, "", []
    for pause, count in shown:
        hour += pause
        times += [hour] * count
        text = counted(text, count, hour * 3_600_000_000)
    lately = shown_lately(hour * 3_600_000_000, text, hour * 3_600, len(times), 0, 0)
    assert lately.shown_24h == sum(hour - time < 24 for time in times)
    assert lately.shown_7d == sum(hour - time < WEEK_HOURS for time in times)
    assert len(parsed(text)) <= WEEK_HOURS


def test_who_was_shown_nothing_is_at_the_prior() -> None:
    assert shown_lately(0, "", 0, 0, 0, 0) == shown_lately(NOW_US, "", 0, 0, 0, 0) == (0, 0, float(WEEK_HOURS), 0.1)


@pytest.mark.parametrize("nonsense", ["x", "1:2:3", "1:", ":", "-4:2", "9" * 30 + ":1", "1:²"])
def test_whatever_was_pushed_as_hours_is_survived(nonsense: str) -> None:
    assert shown_lately(NOW_US, nonsense, 0, 0, 0, 0).shown_7d == 0
