"""The list of features says of each what is declared, who reads it, and who does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from features.listing import Listed, listing
from features.page import about, duration, expected, in_words, page, read_by, table
from tests.features.quality.conftest import Shop, feature


def listed(shop: Shop) -> dict[str, Listed]:
    return {each.name: each for each in listing(shop.plan())}


def test_everything_is_listed_with_its_readers(shop: Shop) -> None:
    shop = replace(shop, services={"offer": ("crm.tier",), "greeting": ("crm.tier", "activity.vip")})
    found = listed(shop)
    assert set(found) == {f"{view}.{each.name}" for view, features in shop.views.items() for each in features}
    assert read_by(found["crm.tier"]) == "greeting, offer"
    assert read_by(found["activity.visits"]) == "nobody"
    assert read_by(found["request.channel"]) == "all"
    assert read_by(found["crm.first_name"]) == "templates only"
    assert read_by(found["crm.joined_unix"]) == "templates and what is derived from it"
    assert {name for name, each in found.items() if each.is_seen} == {
        "crm.tier", "activity.vip", "request.channel", "request.mood", "request.question",
    }  # fmt: skip


def test_without_services_everybody_reads_everything(shop: Shop) -> None:
    plan = replace(shop, services={"offer": ()}).plan()
    assert not any(each.is_seen for each in listing(plan) if each.view.kind != "request")
    assert all(each.is_seen for each in listing(plan, ["unknown"]) if not each.is_hidden)


def test_what_is_expected_is_said_in_words() -> None:
    assert expected(feature("x", vocabulary=("", "gold"))) == '"", gold'
    assert expected(feature("x", "int", range=(0, 3_650))) == "0 … 3650"
    assert expected(feature("x")) == ""


@pytest.mark.parametrize(
    ("us", "said"),
    [(86_400_000_000, "1 d"), (90 * 86_400_000_000, "90 d"), (90 * 60_000_000, "90 min"), (2_500, "2.5 ms")],
)
def test_durations_are_said_in_fitting_units(us: int, said: str) -> None:
    assert duration(us) == said


def test_values_are_said_as_people_read_them() -> None:
    assert [in_words(value) for value in (True, 1_793_778_851, 0.1 + 0.2, "a")] == ["true", "1793778851", "0.3", "a"]


def test_the_page_has_a_section_a_view_and_a_row_a_feature(shop: Shop) -> None:
    odd = shop.having("crm", feature("odd", description="a | b"))
    text = page(listing(odd.plan()))
    assert [line for line in text.splitlines() if line.startswith("## ")] == [f"## {view}" for view in odd.views]
    assert "| odd | string |" in text
    assert "a \\| b" in text
    assert "rules and templates call it `user`" in text


def test_columns_in_which_nothing_is_said_are_left_out(shop: Shop) -> None:
    found = listed(shop)
    header, rows = table([found["activity.visits"], found["activity.vip"]])
    assert "sensitivity" not in header
    assert [len(row) for row in rows] == [len(header)] * 2
    assert about(found["crm.tier"].view) == "batch by user_id"
