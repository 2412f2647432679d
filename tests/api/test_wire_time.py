"""Times on the wire: RFC 3339 in UTC, exact to the microsecond."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.wire_time import microseconds_of, rfc3339
from engine.errors import BadRequest

YEAR_1_US, YEAR_9999_US = -62_135_596_800_000_000, 253_402_300_799_999_999


@given(st.integers(YEAR_1_US, YEAR_9999_US))
def test_a_time_that_was_written_is_read_back_exactly(time_us):
    assert microseconds_of(rfc3339(time_us), field="at") == time_us


@pytest.mark.parametrize(
    ("text", "time_us"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2023-11-14T22:13:20+00:00", 1_700_000_000_000_000),
        ("2023-11-14T23:13:20.000001+01:00", 1_700_000_000_000_001),
        ("2023-11-14T22:13:20.5Z", 1_700_000_000_500_000),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("9999-12-31T23:59:59.999999-23:59", YEAR_9999_US + 86_340_000_000),
        ("0001-01-01T00:00:00+23:59", YEAR_1_US - 86_340_000_000),
    ],
)
def test_any_offset_is_read(text, time_us):
    assert microseconds_of(text, field="at") == time_us


@pytest.mark.parametrize(
    "text", ["", "yesterday", "1700000000", "2023-02-30T00:00:00Z", "2023-11-14", "2023-11-14T22:13:20", "\0", "٢٠٢٣"]
)
def test_what_is_not_a_time_with_an_offset_is_refused_by_name(text):
    with pytest.raises(BadRequest) as refused:
        microseconds_of(text, field="outcomes.at")
    assert refused.value.field == "outcomes.at"


def test_utc_is_written_with_its_offset():
    assert rfc3339(1_700_000_000_000_000) == "2023-11-14T22:13:20+00:00"
