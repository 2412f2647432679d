"""Encoding: what people know becomes names with finite numbers, the same way every time."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.encode.names import MAX_WORDS
from engine.encode.ranges import RangeEncoder, RangeSpec
from engine.errors import ConfigError
from engine.vowpal_guards import safe_features


def encoder(*texts: str, **ranges: tuple[float, float]) -> RangeEncoder:
    return RangeEncoder(RangeSpec(ranges=ranges, texts=texts))


ENCODER = encoder("wrote", age=(0.0, 100.0))


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("gold", {"x=gold": 1.0}),
        ("", {"x=": 1.0}),
        (True, {"x": 1.0}),
        (False, {"x=false": 1.0}),
        (0, {}),
        (3, {"x": math.log(4.0)}),
        (-3.0, {"x": -math.log(4.0)}),
        (1e300, {"x": 20.0}),
        (-1e300, {"x": -20.0}),
        (10**400, {"x=?": 1.0}),
        (math.nan, {"x=?": 1.0}),
        (math.inf, {"x=?": 1.0}),
        (None, {"x=?": 1.0}),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_each_kind_of_value_has_one_encoding(value: Any, encoded: dict[str, float]) -> None:
    assert ENCODER.shared({"x": value}, {}) == pytest.approx(encoded)


@pytest.mark.parametrize(
    ("value", "scaled"), [(0, -1.0), (25, -0.5), (100.0, 1.0), (1e9, 1.0), (-5, -1.0)], ids=lambda value: repr(value)
)
def test_numbers_with_a_range_are_scaled_and_clipped(value: float, scaled: float) -> None:
    assert ENCODER.shared({"age": value}, {}) == {"age": scaled}


def test_the_middle_of_a_range_is_left_out_like_any_zero() -> None:
    assert ENCODER.shared({"age": 50}, {}) == {}


def test_free_text_is_its_words_and_each_two_that_follow_each_other() -> None:
    assert ENCODER.shared({"wrote": "Where IS my card, my card?"}, {}) == dict.fromkeys(
        (
            *("wrote=where", "wrote=is", "wrote=my", "wrote=card"),
            *("wrote=where is", "wrote=is my", "wrote=my card", "wrote=card my"),
        ),
        1.0,
    )


def test_free_text_without_a_word_is_told_from_no_text() -> None:
    assert ENCODER.shared({"wrote": " ?! "}, {}) == {"wrote=": 1.0}


def test_of_a_long_text_the_first_words_count() -> None:
    words = [f"w{i}" for i in range(MAX_WORDS + 9)]
    encoded = ENCODER.shared({"wrote": " ".join(words)}, {})
    assert encoded == ENCODER.shared({"wrote": " ".join(words[:MAX_WORDS])}, {})
    assert len(encoded) == 2 * MAX_WORDS - 1


def test_views_that_are_not_fresh_are_features() -> None:
    freshness = {"user_profile": "fresh", "user_activity": "stale", "session_state": "missing", "other": "error"}
    assert ENCODER.shared({}, freshness) == {
        "user_activity~stale": 1.0,
        "session_state~missing": 1.0,
        "other~error": 1.0,
    }


def test_an_action_is_its_features_and_its_identity() -> None:
    assert ENCODER.action("a1", {"tone": "warm", "age": 100}) == {"tone=warm": 1.0, "age": 1.0, "id=a1": 1.0}


scalars = st.text(max_size=200) | st.booleans() | st.integers() | st.floats()


@given(st.dictionaries(st.text(max_size=200), scalars, max_size=20))
def test_whatever_comes_in_what_goes_out_is_safe(values: dict[str, Any]) -> None:
    for encoded in (ENCODER.shared(values, {"view": "missing"}), ENCODER.action("a", values)):
        assert safe_features(encoded) == encoded


@pytest.mark.parametrize(
    "text", ["\ud800", "x" * 10_000, "é" * 200, "a|b:c d\n", "\0"], ids=lambda text: repr(text)[:12]
)
def test_hostile_names_and_values_are_made_safe(text: str) -> None:
    for encoded in (ENCODER.shared({text: 1.5, "wrote": text}, {text: text}), ENCODER.action(text, {"x": text})):
        assert safe_features(encoded) == encoded


def test_long_values_that_differ_only_at_the_end_stay_apart() -> None:
    long = "x" * 500
    assert ENCODER.shared({"text": f"{long}1"}, {}) != ENCODER.shared({"text": f"{long}2"}, {})


def test_the_version_names_ranges_and_texts_and_nothing_else() -> None:
    same = encoder("wrote", b=(0, 1), age=(0, 100)).version
    assert encoder("wrote", age=(0.0, 100.0), b=(0.0, 1.0)).version == same
    others = (ENCODER, encoder(age=(0, 100)), encoder(), encoder(age=(0, 101)))
    assert len({same, *(other.version for other in others)}) == 5


def test_the_version_is_fixed_while_the_algorithm_is() -> None:
    assert encoder().version == "e2-33345c151e2a"


@pytest.mark.parametrize("bounds", [(1.0, 1.0), (2.0, 1.0), (math.nan, 1.0), (0.0, math.inf), (0.0, 5e-324)], ids=repr)
def test_a_range_that_cannot_scale_is_refused(bounds: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match="'age'"):
        encoder(age=bounds)


def test_another_algorithm_is_refused() -> None:
    with pytest.raises(ConfigError, match="not by 1"):
        RangeEncoder(RangeSpec(algorithm=1))
