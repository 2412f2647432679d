"""The declarations are consistent, and nonsense is refused where it is declared."""

from __future__ import annotations

import pytest

from features.declared import FEATURES, VIEWS, features_of, view_named
from features.derived import DERIVATIONS
from features.errors import FeatureError
from features.schema import FeatureSpec


def test_every_feature_is_declared_once_in_a_declared_view() -> None:
    names = [feature.qualified for feature in FEATURES]
    assert len(names) == len(set(names))
    assert {feature.view for feature in FEATURES} == {view.name for view in VIEWS}


def test_defaults_lie_in_the_declared_ranges() -> None:
    ranged = [(feature.default, feature.range) for feature in FEATURES if feature.range is not None]
    assert ranged
    assert all(low <= float(default) <= high for default, (low, high) in ranged)


def test_every_learned_number_has_a_range() -> None:
    numbers = [f for f in FEATURES if f.type in ("int", "float") and f.learn and not f.render_only]
    assert [f.qualified for f in numbers if f.range is None] == []


def test_raw_times_are_not_for_learning() -> None:
    assert {f.qualified for f in FEATURES if not f.learn} == {
        "user_activity.last_visit_unix",
        "user_activity.last_purchase_unix",
        "user_exposure.last_shown_unix",
        "user_exposure.shown_by_hour",
        "session_state.last_turn_unix",
        "session_state.started_unix",
        "request.utc_offset_minutes",
    }


def test_names_of_people_only_reach_templates() -> None:
    assert [f.qualified for f in FEATURES if f.render_only] == ["user_profile.first_name"]


def test_stored_views_have_a_join_key_and_a_time_to_live_and_others_do_not() -> None:
    for view in VIEWS:
        assert (view.kind in ("batch", "push")) == (view.join_key is not None) == (view.ttl is not None)


def test_every_derived_view_can_be_computed_as_declared() -> None:
    assert {view.name for view in VIEWS if view.kind == "derived"} == set(DERIVATIONS)
    for name, derivation in DERIVATIONS.items():
        assert derivation.outputs == tuple(feature.name for feature in features_of(name))
        assert set(derivation.inputs) <= {feature.qualified for feature in FEATURES}


def test_a_default_of_another_type_is_refused() -> None:
    with pytest.raises(FeatureError, match=r"shop\.size: the default '3' is not of type int"):
        FeatureSpec("shop", "size", "int", "3", "how big")


def test_a_range_for_text_is_refused() -> None:
    with pytest.raises(FeatureError, match="only numbers have a range"):
        FeatureSpec("shop", "name", "string", "", "how it is called", range=(0, 1))


def test_only_strings_are_free_text() -> None:
    with pytest.raises(FeatureError, match="only strings are free text"):
        FeatureSpec("shop", "size", "int", 3, "how big", free_text=True)


def test_views_are_found_by_name() -> None:
    assert view_named("session_state").join_key == "session_id"
