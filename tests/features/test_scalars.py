"""What may become a feature of which type."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.scalars import INT64, FeatureType, coerce

SCALARS = st.one_of(st.text(), st.booleans(), st.integers(), st.floats())
PYTHON_TYPES = {"string": str, "int": int, "float": float, "bool": bool}


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("string", "x", "x"),
        ("string", 3, "3"),
        ("string", 2.5, "2.5"),
        ("string", True, None),
        ("int", 3, 3),
        ("int", 3.0, 3),
        ("int", 3.5, None),
        ("int", "3", None),
        ("int", True, None),
        ("int", 2**63, None),
        ("int", 1e300, None),
        ("float", 3, 3.0),
        ("float", 0.5, 0.5),
        ("float", math.nan, None),
        ("float", math.inf, None),
        ("float", 10**400, None),
        ("float", "0.5", None),
        ("float", False, None),
        ("bool", False, False),
        ("bool", 1, None),
        ("bool", "true", None),
        ("int", None, None),
        ("string", b"x", None),
    ],
)
def test_a_value_becomes_its_declared_type_or_nothing(type_: FeatureType, value: object, expected: object) -> None:
    coerced = coerce(type_, value)
    assert coerced == expected
    assert type(coerced) is type(expected)


@given(st.sampled_from(sorted(PYTHON_TYPES)), SCALARS)
def test_what_is_coerced_is_finite_fits_and_stays_as_it_is(type_: FeatureType, value: object) -> None:
    coerced = coerce(type_, value)
    if coerced is not None:
        assert type(coerced) is PYTHON_TYPES[type_]
        assert coerce(type_, coerced) == coerced
        assert not isinstance(coerced, float) or math.isfinite(coerced)
        assert type(coerced) is not int or coerced in INT64
