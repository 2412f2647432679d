"""A value is used while it is true and for what its person agreed to; otherwise it is not known, and that is told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from features.assemble import Assembler
from features.plan import Plan
from features.schema import PERSONALISATION
from features.vector import ERROR_ROW, FeatureVector, ViewRow

NOW_US = 1_789_992_000_000_000
HOUR_US = 3_600_000_000
ROW = ViewRow({"first_name": "Ada", "tier": "gold", "age_band": "30-39"}, NOW_US - HOUR_US, "fresh")


def with_feature(plan: Plan, name: str, **declared: Any) -> Plan:
    """The plan, with another declaration of one feature of ``user_profile``."""

    def changed(view: Any) -> Any:
        features = (msgspec.structs.replace(f, **declared) if f.name == name else f for f in view.features)
        return msgspec.structs.replace(view, features=tuple(features)) if view.name == "user_profile" else view

    definitions = msgspec.structs.replace(plan.definitions, views=tuple(map(changed, plan.definitions.views)))
    return msgspec.structs.replace(plan, definitions=definitions)


def vector_of(plan: Plan, purposes: frozenset[str] | None = None, **context: Any) -> FeatureVector:
    return Assembler(plan, None)({"user_profile": ROW}, context, NOW_US, purposes)


@pytest.mark.parametrize(("ttl_us", "known"), [(0, True), (HOUR_US, True), (HOUR_US - 1, False)])
def test_a_value_older_than_its_time_to_live_is_not_known(plan: Plan, ttl_us: int, known: bool) -> None:
    vector = vector_of(with_feature(plan, "tier", ttl_us=ttl_us))
    assert (vector.values["user_profile.tier"] == "gold") is known
    assert ("user_profile.tier" in vector.missing) is not known
    assert vector.freshness["user_profile"] == "fresh"
    assert vector.values["user_profile.age_band"] == "30-39"


@pytest.mark.parametrize(
    ("purposes", "known"),
    [(None, True), (frozenset({PERSONALISATION, "profiling"}), True), (frozenset({PERSONALISATION}), False)],
)
def test_a_feature_for_another_purpose_is_not_known(plan: Plan, purposes: Any, known: bool) -> None:
    vector = vector_of(with_feature(plan, "age_band", purpose="profiling"), purposes)
    assert (vector.values["user_profile.age_band"] == "30-39") is known
    assert ("user_profile.age_band" in vector.missing) is not known
    assert vector.values["user_profile.tier"] == "gold"


def test_nor_do_templates_know_it(plan: Plan) -> None:
    vector = vector_of(with_feature(plan, "first_name", purpose="addressing"), frozenset({PERSONALISATION}))
    assert vector.render_only["user_profile.first_name"] == ""


def test_what_a_row_or_a_request_does_not_have_is_missing_and_what_is_not_for_policies_is_not_told(plan: Plan) -> None:
    missing = set(vector_of(plan, channel="app").missing)
    assert "user_profile.language" in missing
    assert "request.device" in missing
    assert not {"request.channel", "user_profile.tier", "request.utc_offset_minutes"} & missing


def test_of_a_row_that_is_not_there_the_freshness_says_it_all(plan: Plan) -> None:
    vector = Assembler(plan, None)({"user_profile": ERROR_ROW}, {}, NOW_US)
    assert not [name for name in vector.missing if not name.startswith("request.")]
