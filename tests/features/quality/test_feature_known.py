"""What is known of a person is told with what policies see of it, and kept back where it is nobody's business."""

from __future__ import annotations

import msgspec
import pytest

from features.known import KnownFeature, known_of, unread
from features.plan import Plan, PlannedView
from features.vector import ERROR_ROW, MISSING_ROW, Scalar, ViewRow
from tests.features.quality.conftest import START_US, Shop, feature

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
CRM: dict[str, Scalar] = {
    "tier": "gold",
    "region": "north",
    "first_name": "Ada",
    "spent": 12.5,
    "joined_unix": 1_700_000_000,
}


@pytest.fixture
def plan(shop: Shop) -> Plan:
    return shop.having("crm", feature("score", "float", impute="mean", ttl_us=HOUR_US)).plan()


def known(plan: Plan, row: ViewRow, **asked: object) -> dict[str, KnownFeature]:
    views = known_of(plan, {"crm": row}, START_US + DAY_US, **asked)  # type: ignore[arg-type]
    return {each.feature.partition(".")[2]: each for view in views for each in view.features}


def test_rows_are_told_with_their_age_and_who_answers_for_them(plan: Plan) -> None:
    [view] = known_of(plan, {"crm": ViewRow(CRM, START_US, "fresh")}, START_US + DAY_US)
    assert (view.view, view.freshness, view.timestamp_us, view.age_us) == ("crm", "fresh", START_US, DAY_US)
    assert {each.owner for each in view.features} == {"growth"}


def test_private_values_are_hidden_until_they_are_asked_for(plan: Plan) -> None:
    row = ViewRow(CRM, START_US, "fresh")
    hidden, revealed = known(plan, row), known(plan, row, reveal=True)
    assert {name for name, each in hidden.items() if each.hidden} == {"region", "first_name", "spent"}
    assert [hidden[name].value for name in ("tier", "first_name", "spent")] == ["gold", None, None]
    assert [revealed[name].value for name in ("tier", "first_name", "spent")] == ["gold", "Ada", 12.5]
    assert all(each.known for each in hidden.values() if each.hidden)


def test_what_policies_see_of_a_value_is_told(plan: Plan) -> None:
    told = known(plan, ViewRow({**CRM, "tier": "purple"}, START_US, "stale"))
    assert told["tier"].policies == "unknown, and crm~stale"
    assert told["spent"].policies == "as it is, and crm~stale"
    assert told["first_name"].policies == "nothing: templates only"
    assert told["joined_unix"].policies == "nothing: templates and what is derived from it"


def test_what_is_not_in_its_row_or_too_old_is_not_known(plan: Plan) -> None:
    told = known(plan, ViewRow({**CRM, "score": 3.0}, START_US, "fresh"))
    assert (told["age_band"].known, told["age_band"].value) == (False, None)
    assert told["age_band"].policies == "its default 'old', and crm.age_band~missing"
    assert told["score"].policies == "the mean, and crm.score~missing"
    assert known(plan, MISSING_ROW)["tier"].policies == "its default 'new', and crm~missing"


def test_what_was_not_agreed_to_is_not_known(plan: Plan) -> None:
    row = ViewRow({**CRM, "age_band": "young"}, START_US, "fresh")
    assert known(plan, row)["age_band"].known
    assert not known(plan, row, purposes=["personalisation"])["age_band"].known
    assert known(plan, row, purposes=["demographics"])["age_band"].known


def test_a_feature_that_nobody_reads_is_said_to_be_so(shop: Shop) -> None:
    plan = msgspec.structs.replace(
        shop.plan(), definitions=msgspec.structs.replace(shop.plan().definitions, services={"offer": ()})
    )
    assert known(plan, ViewRow(CRM, START_US, "fresh"))["tier"].policies == "nothing: no service reads it"


def test_derived_views_are_told_and_unread_rows_named(plan: Plan) -> None:
    derived = PlannedView(name="local_time", kind="derived", features=(feature("hour", "int"),))
    offset = PlannedView(name="request", kind="request", features=(feature("utc_offset_minutes", "int"),))
    stored = [view for view in plan.definitions.views if view.name == "crm"]
    definitions = msgspec.structs.replace(plan.definitions, views=(*stored, derived, offset))
    told = known_of(msgspec.structs.replace(plan, definitions=definitions), {"crm": ERROR_ROW}, START_US)
    assert [(view.view, view.freshness) for view in told] == [("crm", "error"), ("local_time", None)]
    assert told[1].features[0].value in range(24)
    assert unread(told) == ["crm"]
