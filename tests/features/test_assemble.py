"""Vectors: every feature where it belongs, declared defaults where nothing is known."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from features.assemble import Assembler, assemble
from features.declared import FEATURES, VIEWS
from features.errors import PlanError
from features.plan import Plan
from features.vector import ERROR_ROW, ViewRow

MONDAY_NOON_US = 1_789_992_000_000_000  # 2026-09-21 12:00 UTC

PROFILE = ViewRow({"first_name": "Ada", "tier": "gold"}, 5, "fresh")
ACTIVITY = ViewRow({"visits": 3, "last_visit_unix": MONDAY_NOON_US // 1_000_000 - 86_400}, 6, "stale")
STORED = [view.name for view in VIEWS if view.join_key is not None]
ROWS = {"user_profile": PROFILE, "user_activity": ACTIVITY}


def test_with_nothing_known_every_feature_has_its_default(plan: Plan) -> None:
    vector = assemble(plan, None, {}, {}, 0)
    defaults = {f.qualified: f.default for f in FEATURES if not f.view.startswith("local_time")}
    hidden = {f.qualified for f in FEATURES if f.render_only or not f.learn}
    known = {n: v for n, v in vector.values.items() if not n.startswith("local_time")}
    assert known == {name: value for name, value in defaults.items() if name not in hidden}
    assert vector.render_only == {name: value for name, value in defaults.items() if name in hidden}
    assert vector.freshness == dict.fromkeys(STORED, "missing")


def test_stored_values_replace_defaults_and_freshness_is_told(plan: Plan) -> None:
    vector = assemble(plan, None, {**ROWS, "session_state": ERROR_ROW}, {}, MONDAY_NOON_US)
    assert vector.values["user_profile.tier"] == "gold"
    assert vector.values["user_preferences.tone"] == "casual"
    assert vector.values["user_activity.visits"] == 3
    told = {"user_profile": "fresh", "user_activity": "stale", "session_state": "error"}
    assert vector.freshness == {**dict.fromkeys(STORED, "missing"), **told}


def test_what_is_not_for_learning_only_reaches_templates(plan: Plan) -> None:
    vector = assemble(plan, "greeting", ROWS, {"utc_offset_minutes": 60}, MONDAY_NOON_US)
    hidden = {f.qualified for f in FEATURES if f.render_only or not f.learn}
    assert not hidden & set(vector.values)
    assert set(vector.render_only) == hidden
    assert vector.render_only["user_profile.first_name"] == "Ada"
    assert vector.render_only["request.utc_offset_minutes"] == 60


def test_a_service_reads_its_own_features_and_the_request(plan: Plan) -> None:
    greeting = assemble(plan, "greeting", ROWS, {"channel": "app"}, MONDAY_NOON_US).values
    assert "user_activity.churn_risk" in greeting
    assert "user_activity.lifetime_value" not in greeting
    assert "session_state.cart_value" not in greeting
    assert greeting["request.channel"] == "app"
    assert greeting["return_visit.days_since_last_visit"] == 1.0


def test_an_unknown_service_reads_everything(plan: Plan) -> None:
    everything = assemble(plan, None, ROWS, {}, MONDAY_NOON_US)
    assert assemble(plan, "no_such_placement", ROWS, {}, MONDAY_NOON_US) == everything


def test_derived_features_are_computed_from_rows_and_request(plan: Plan) -> None:
    values = assemble(plan, "offer", ROWS, {"utc_offset_minutes": -540}, MONDAY_NOON_US).values
    assert values["local_time.hour"] == 3
    assert values["local_time.weekday"] == 0
    assert values["local_time.part_of_day"] == "night"
    assert values["local_time.business_hours"] is False
    assert values["return_visit.is_returning"] is True


@pytest.mark.parametrize(
    ("context", "name", "expected"),
    [
        ({"intent_confidence": 1}, "request.intent_confidence", 1.0),
        ({"message_length": 12.0}, "request.message_length", 12),
        ({"intent": 7}, "request.intent", "7"),
        ({"sentiment": "bad"}, "request.sentiment", 0.0),
        ({"sentiment": math.nan}, "request.sentiment", 0.0),
        ({"channel": True}, "request.channel", "web"),
    ],
)
def test_declared_context_is_typed_or_left_at_its_default(
    plan: Plan, context: dict[str, Any], name: str, expected: object
) -> None:
    value = assemble(plan, "offer", {}, context, 0).values[name]
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("context", "mistyped"),
    [
        ({"sentiment": "bad"}, {"sentiment": "string-for-float"}),
        ({"sentiment": math.nan}, {"sentiment": "float-out-of-range"}),
        ({"channel": True, "message_length": 12.5}, {"channel": "bool-for-string", "message_length": "float-for-int"}),
        ({"message_length": 2**63}, {"message_length": "int-out-of-range"}),
        ({"sentiment": 1, "intent": 7, "message_length": 12.0, "weather": True}, {}),
        ({}, {}),
    ],
)
def test_declared_context_of_a_wrong_type_is_named_without_its_value(
    plan: Plan, context: dict[str, Any], mistyped: dict[str, str]
) -> None:
    assert assemble(plan, "offer", {}, context, 0).mistyped == mistyped


def test_undeclared_context_passes_under_its_own_name(plan: Plan) -> None:
    values = assemble(plan, "offer", {}, {"weather": "rain", "basket_size": 3}, 0).values
    assert values["request.weather"] == "rain"
    assert values["request.basket_size"] == 3


def test_context_cannot_set_stored_or_derived_features(plan: Plan) -> None:
    values = assemble(plan, "offer", {}, {"tier": "gold", "hour": 3}, MONDAY_NOON_US).values
    assert values["user_profile.tier"] == "new"
    assert values["local_time.hour"] == 12


def test_vectors_of_one_assembler_do_not_share_anything(plan: Plan) -> None:
    build = Assembler(plan, "offer")
    first = build(ROWS, {"channel": "app"}, MONDAY_NOON_US)
    assert build({}, {}, MONDAY_NOON_US) == assemble(plan, "offer", {}, {}, MONDAY_NOON_US)
    assert first == build(ROWS, {"channel": "app"}, MONDAY_NOON_US)


def test_a_derived_view_that_nobody_can_compute_is_refused(plan: Plan) -> None:
    views = plan.definitions.views
    strange = tuple(
        msgspec.structs.replace(view, name="moon_phase") if view.name == "local_time" else view for view in views
    )
    definitions = msgspec.structs.replace(plan.definitions, views=strange)
    with pytest.raises(PlanError, match="moon_phase"):
        Assembler(msgspec.structs.replace(plan, definitions=definitions), "offer")
