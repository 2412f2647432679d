"""A cell becomes what its feature declares, or is pointed at; it never becomes something else."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import LoadError
from features.files.cells import LONGEST_TEXT, cells
from features.files.moments import moment_us, moments_us
from features.scalars import FeatureType, coerce

NOON_US = 1_780_000_000_000_000


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("int", " 12 ", 12),
        ("int", "-3.00", -3),
        ("int", "1.5", None),
        ("int", "9999999999999999999", None),
        ("int", "many", None),
        ("float", "1e3", 1000.0),
        ("float", ".5", 0.5),
        ("float", "1e999", None),
        ("float", "inf", None),
        ("bool", "Yes", True),
        ("bool", "0", False),
        ("bool", "perhaps", None),
        ("string", " as it is ", " as it is "),
        ("string", "x" * (LONGEST_TEXT + 1), None),
    ],
)
def test_text_is_read_as_the_declared_type(type_: FeatureType, text: str, value: object) -> None:
    read = cells(pa.array([text, None]), type_)
    assert read.values.to_pylist() == [value, None]
    assert read.misfit.to_pylist() == [value is None, False]


def test_a_comma_may_be_before_the_fraction() -> None:
    assert cells(pa.array(["1,5"]), "float", ",").values.to_pylist() == [1.5]
    assert cells(pa.array(["1,5"]), "float").misfit.to_pylist() == [True]


@given(st.lists(st.one_of(st.floats(), st.none())), st.sampled_from(("int", "float")))
def test_numbers_follow_the_rule_of_single_values(numbers: list[float | None], type_: FeatureType) -> None:
    read = cells(pa.array(numbers, pa.float64()), type_)
    known = [None if number is None or number != number else number for number in numbers]
    assert read.values.to_pylist() == [None if number is None else coerce(type_, number) for number in known]
    assert read.misfit.to_pylist() == [n is not None and coerce(type_, n) is None for n in known]


def test_an_integer_beyond_64_bits_is_no_integer() -> None:
    read = cells(pa.array([2**63, 2**63 - 1], pa.uint64()), "int")
    assert read.values.to_pylist() == [None, 2**63 - 1]
    assert read.misfit.to_pylist() == [True, False]


@pytest.mark.parametrize(
    ("column", "type_"),
    [
        (pa.array([True]), "int"),
        (pa.array([1]), "bool"),
        (pa.array([date(2026, 1, 1)]), "string"),
        (pa.array([[1.0]]), "float"),
    ],
)
def test_a_column_that_can_never_fit_is_refused_at_once(column: pa.Array, type_: FeatureType) -> None:
    with pytest.raises(LoadError, match="cannot become"):
        cells(column, type_)


@pytest.mark.parametrize(
    "written",
    [
        NOON_US // 1_000_000,
        NOON_US // 1_000,
        NOON_US,
        str(NOON_US // 1_000_000),
        datetime.fromtimestamp(NOON_US / 1e6, UTC).isoformat(),
        datetime.fromtimestamp(NOON_US / 1e6, UTC).replace(tzinfo=None).isoformat(" "),
    ],
)
def test_a_time_is_the_same_however_it_is_written(written: object) -> None:
    assert moment_us(written) == NOON_US
    assert moments_us(pa.array([written, None])) == [NOON_US, None]


def test_a_column_of_times_keeps_its_zone() -> None:
    east = pa.array([NOON_US // 1_000], pa.timestamp("ms", tz="Asia/Tokyo"))
    assert moments_us(east) == [NOON_US]
    assert moments_us(pa.array([date(1970, 1, 2)])) == [86_400_000_000]


@pytest.mark.parametrize("written", ["yesterday", "2026-13-01", -1, float("nan"), True, 10**18, ""])
def test_what_is_no_time_is_none(written: object) -> None:
    assert moment_us(written) is None


def test_a_column_without_times_is_refused() -> None:
    with pytest.raises(LoadError, match="cannot be a time"):
        moments_us(pa.array([True]))
