"""Session state is a fold over what happened."""

from __future__ import annotations

import math
from typing import Any

import pytest

from features.changes import COUNTED, LONGEST_TEXT, Change, Decided, Happened, Rewarded
from features.freshness import writable
from features.plan import Plan
from features.session import NUMBERS, TEXTS, fold

NOW_US = 1_790_000_000_500_000

TURN = Decided((("greeting", "hello"), ("offer", "ten_percent")))


def test_a_turn_counts_once_however_many_placements_it_has() -> None:
    state = fold({}, TURN, NOW_US)
    assert state["turn"] == 1
    assert fold(state, TURN, NOW_US)["turn"] == 2
    assert (state["last_placement"], state["last_action"]) == ("offer", "ten_percent")


def test_a_turn_without_any_action_counts_too() -> None:
    assert fold({"last_action": "hello"}, Decided(()), NOW_US) == {
        "last_action": "hello",
        "turn": 1,
        "started_unix": NOW_US // 1_000_000,
        "last_turn_unix": NOW_US // 1_000_000,
    }


def test_a_session_starts_once() -> None:
    assert fold({"started_unix": 5}, TURN, NOW_US)["started_unix"] == 5


def test_an_event_leaves_its_name_and_what_it_says_about_the_session() -> None:
    event = Happened("Product Viewed", {"category": "shoes", "cart_value": 20, "page": "shop", "colour": "red"})
    assert fold({}, event, NOW_US) == {
        "last_event": "Product Viewed",
        "viewed_category": "shoes",
        "cart_value": 20.0,
        "page": "shop",
    }


@pytest.mark.parametrize("event", ["Product Clicked", "product_clicked", " click "])
def test_clicks_are_counted_however_they_are_spelled(event: str) -> None:
    assert fold({"clicks": 2}, Happened(event, {}), NOW_US)["clicks"] == 3


@pytest.mark.parametrize(("metric", "counter"), [("accepted", "accepted"), ("dismissed", "declined")])
def test_outcomes_are_counted_and_the_last_value_kept(metric: str, counter: str) -> None:
    assert fold({}, Rewarded(metric, 1.0), NOW_US) == {"last_reward": 1.0, counter: 1}


def test_an_outcome_of_zero_did_not_happen() -> None:
    assert fold({"clicks": 2}, Rewarded("click", 0.0), NOW_US) == {"clicks": 2, "last_reward": 0.0}


@pytest.mark.parametrize(
    "properties",
    [{"cart_value": "much"}, {"cart_value": True}, {"cart_value": math.nan}, {"cart_value": 10**400}, {"page": 3}],
)
def test_properties_that_make_no_sense_are_ignored(properties: dict[str, Any]) -> None:
    assert fold({}, Happened("Viewed", properties), NOW_US) == {"last_event": "Viewed"}


def test_what_was_before_is_left_as_it_was() -> None:
    before = {"turn": 3}
    fold(before, TURN, NOW_US)
    assert before == {"turn": 3}


@pytest.mark.parametrize(
    "change",
    [
        Decided((("p" * 999, "a" * 999),)),
        Happened("e" * 999, {"page": "p" * 999, **dict.fromkeys(NUMBERS, 1)}),
        Rewarded("click", math.inf),
        *(Rewarded(metric, 1.0) for metric in COUNTED),
    ],
)
def test_every_state_can_be_stored(plan: Plan, change: Change) -> None:
    view = next(view for view in plan.definitions.views if view.name == "session_state")
    state = fold({}, change, NOW_US)
    assert writable(view, state) == state
    assert all(len(value) <= LONGEST_TEXT for value in state.values() if isinstance(value, str))


def test_everything_an_event_can_set_is_declared(plan: Plan) -> None:
    view = next(view for view in plan.definitions.views if view.name == "session_state")
    declared = {feature.name for feature in view.features}
    assert {*TEXTS.values(), *NUMBERS.values(), *COUNTED.values()} <= declared
