"""Encoding by declaration: standardised by what was learned, what is not known told apart from what is zero."""

from __future__ import annotations

import math
import statistics
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.encode.base import family_of
from engine.encode.moments import LEAST, FeatureMoments, moved
from engine.encode.open import encoder_of
from engine.encode.ranges import RangeEncoder, RangeSpec
from engine.encode.standard import MOST_CROSSED, FeatureRule, StandardEncoder, StandardSpec
from engine.errors import ConfigError
from engine.vowpal_guards import safe_features

RULES = {
    "user.age": FeatureRule(type="float", range=(0.0, 100.0)),
    "user.visits": FeatureRule(type="int", impute="mean"),
    "user.worth": FeatureRule(type="float", scaling="log"),
    "user.tier": FeatureRule(type="string", vocabulary=("new", "gold")),
    "user.city": FeatureRule(type="string"),
    "user.adult": FeatureRule(type="bool"),
    "turn.wait": FeatureRule(type="float", scaling="buckets", buckets=(1.0, 10.0)),
    "turn.rank": FeatureRule(type="int", scaling="range", range=(0.0, 10.0)),
    "turn.said": FeatureRule(type="string", free_text=True),
    "turn.mood": FeatureRule(type="string", namespace="feeling"),
}
ENCODER = StandardEncoder(StandardSpec(features=RULES))
CALIBRATED = ENCODER.calibrated({"user.age": (40.0, 10.0), "user.visits": (5.0, 0.0)})


@pytest.mark.parametrize(
    ("name", "value", "encoded"),
    [
        ("user.age", 75, {"user.age": 0.5}),
        ("user.visits", 3, {"user.visits": math.log(4.0)}),
        ("user.worth", -3.0, {"user.worth": -math.log(4.0)}),
        ("user.tier", "gold", {"user.tier=gold": 1.0}),
        ("user.tier", "platinum", {"user.tier~unknown": 1.0}),
        ("user.city", "Ulm", {"user.city=Ulm": 1.0}),
        ("user.adult", True, {"user.adult": 1.0}),
        ("user.adult", False, {"user.adult=false": 1.0}),
        ("turn.wait", 0.5, {"turn.wait[0]": 1.0}),
        ("turn.wait", 1.0, {"turn.wait[1]": 1.0}),
        ("turn.wait", 99, {"turn.wait[2]": 1.0}),
        ("turn.wait", math.nan, {"turn.wait=?": 1.0}),
        ("turn.rank", 50, {"turn.rank": 1.0}),
        ("turn.rank", 5, {}),
        ("turn.said", "No way", {"turn.said=no": 1.0, "turn.said=way": 1.0, "turn.said=no way": 1.0}),
        ("user.age", 10**400, {"user.age=?": 1.0}),
        ("request.x", "word", {"request.x=word": 1.0}),
        ("request.x", 3, {"request.x": math.log(4.0)}),
        ("request.x", True, {"request.x": 1.0}),
    ],
)
def test_each_declaration_has_its_code(name: str, value: Any, encoded: dict[str, float]) -> None:
    assert ENCODER.shared({name: value}, {}) == pytest.approx(encoded)


@pytest.mark.parametrize(("age", "encoded"), [(45, 0.5), (40, None), (0, -4.0), (99.0, 4.0)])
def test_a_calibrated_number_is_its_distance_from_the_mean(age: float, encoded: float | None) -> None:
    assert CALIBRATED.shared({"user.age": age}, {}) == ({} if encoded is None else {"user.age": encoded})


def test_what_never_varied_says_nothing() -> None:
    assert CALIBRATED.shared({"user.visits": 7}, {}) == {}


def test_only_standardised_features_are_calibrated_and_actions_never() -> None:
    other = ENCODER.calibrated({"turn.rank": (1.0, 1.0), "user.worth": (1.0, 1.0), "nobody": (1.0, 1.0)})
    assert other.version == ENCODER.version
    assert CALIBRATED.action("a", {"user.age": 3}) == ENCODER.action("a", {"user.age": 3})


def test_a_calibration_is_another_version_of_the_same_family() -> None:
    assert CALIBRATED.family == ENCODER.family == ENCODER.version
    assert CALIBRATED.version != ENCODER.version
    assert family_of(CALIBRATED.version) == ENCODER.family
    assert CALIBRATED.calibrated({}).version == ENCODER.version
    again = StandardEncoder(StandardSpec(features=dict(reversed(RULES.items()))))
    assert again.calibrated({"user.visits": (5.0, 0.0), "user.age": (40.0, 10.0)}).version == CALIBRATED.version


def test_a_value_that_is_not_known_is_marked_and_imputed_as_declared() -> None:
    values = {"user.age": 50, "user.visits": 3}
    assert ENCODER.shared(values, {"user": "fresh"}, ("user.age", "user.visits")) == {
        "user.age~missing": 1.0,
        "user.visits~missing": 1.0,
    }
    assert CALIBRATED.shared(values, {"user": "fresh"}, ("user.age",))["user.age"] == 1.0, "its default, encoded"


@pytest.mark.parametrize("state", ["missing", "error"])
def test_of_a_row_that_is_not_there_the_view_is_marked_once(state: Any) -> None:
    values = {"user.visits": 3, "user.city": "none"}
    assert ENCODER.shared(values, {"user": state}) == {f"user~{state}": 1.0, "user.city=none": 1.0}


def test_what_is_stale_is_used_and_marked() -> None:
    assert ENCODER.shared({"user.city": "Ulm"}, {"user": "stale"}) == {"user.city=Ulm": 1.0, "user~stale": 1.0}


def test_crossed_namespaces_are_seen_in_pairs() -> None:
    values = {"turn.mood": "good", "turn.rank": 10, "user.tier": "new", "user.age": 100}
    alone = ENCODER.shared(values, {})
    assert ENCODER.shared(values, {}, crosses=(("feeling", "user"),)) == {
        **alone,
        "turn.mood=good×user.tier=new": 1.0,
        "turn.mood=good×user.age": 1.0,
    }
    assert ENCODER.shared(values, {}, crosses=(("nothing", "user"),)) == alone


def test_a_cross_is_never_larger_than_its_limit() -> None:
    values = {f"{view}.n{i}": "x" for view in ("a", "b") for i in range(40)}
    assert len(ENCODER.shared(values, {}, crosses=(("a", "b"),))) == 80 + MOST_CROSSED


def test_the_numbers_to_be_learned_are_known_finite_and_within_their_range() -> None:
    values = {"user.age": 1e9, "user.visits": 3, "turn.rank": 3, "user.worth": 2.0, "user.city": "Ulm"}
    assert list(ENCODER.numbers(values, {})) == [("user.age", 100.0), ("user.visits", 3.0)]
    assert list(ENCODER.numbers(values, {"user": "missing"})) == []
    assert list(ENCODER.numbers(values, {}, ("user.age",))) == [("user.visits", 3.0)]
    assert list(ENCODER.numbers({"user.visits": math.nan, "user.age": math.inf}, {})) == []


scalars = st.one_of(st.text(max_size=200), st.booleans(), st.integers(), st.floats())


@given(
    values=st.dictionaries(st.one_of(st.sampled_from(sorted(RULES)), st.text(max_size=150)), scalars, max_size=8),
    missing=st.lists(st.sampled_from(sorted(RULES)), max_size=3),
)
def test_whatever_comes_in_only_what_a_policy_may_see_comes_out(values: dict[str, Any], missing: list[str]) -> None:
    for encoder in (ENCODER, CALIBRATED):
        encoded = encoder.shared(values, {"user": "stale"}, missing, (("user", "turn"),))
        assert safe_features(encoded) == encoded
        assert encoder.shared(dict(values), {"user": "stale"}, missing, (("user", "turn"),)) == encoded


@pytest.mark.parametrize("encoder", [ENCODER, RangeEncoder(RangeSpec(ranges={"user.age": (0.0, 9.0)}))])
def test_what_is_announced_makes_the_same_encoder_again(encoder: Any) -> None:
    again = encoder_of(encoder.payload)
    assert again is not None
    assert again.version == encoder.family
    assert again.shared({"user.age": 3}, {}) == encoder.shared({"user.age": 3}, {})
    assert encoder_of({**encoder.payload, "algorithm": 99}) is None


def test_an_older_algorithm_is_not_taken_for_this_one() -> None:
    with pytest.raises(ConfigError, match="algorithm 3, not by 2"):
        StandardEncoder(StandardSpec(algorithm=2))


@given(numbers=st.lists(st.floats(-1e6, 1e6), min_size=LEAST, max_size=80))
def test_moments_are_those_of_the_numbers_and_go_on_where_they_were(numbers: list[float]) -> None:
    one, first = FeatureMoments(), FeatureMoments()
    one.add(("x", number) for number in numbers)
    first.add(("x", number) for number in numbers[:7])
    second = FeatureMoments(first.sums)
    second.add(("x", number) for number in numbers[7:])
    assert second.sums == one.sums
    mean, deviation = one.calibration()["x"]
    scale = max(map(abs, numbers)) + 1.0
    assert mean == pytest.approx(statistics.fmean(numbers), abs=1e-9 * scale)
    assert deviation == pytest.approx(statistics.pstdev(numbers), abs=1e-6 * scale)


def test_few_numbers_calibrate_nothing() -> None:
    moments = FeatureMoments()
    moments.add(("x", float(n)) for n in range(LEAST - 1))
    assert moments.calibration() == {}


@pytest.mark.parametrize(
    ("old", "new", "matters"),
    [
        ({}, {"x": (0.0, 1.0)}, True),
        ({"x": (0.0, 1.0)}, {"x": (0.05, 1.05)}, False),
        ({"x": (0.0, 1.0)}, {"x": (0.2, 1.0)}, True),
        ({"x": (0.0, 1.0)}, {"x": (0.0, 1.2)}, True),
        ({"x": (3.0, 0.0)}, {"x": (3.0, 0.0)}, False),
        ({"x": (3.0, 0.0)}, {"x": (3.1, 0.5)}, True),
    ],
)
def test_only_what_matters_is_told_again(old: Any, new: Any, matters: bool) -> None:
    assert moved(old, new) is matters
