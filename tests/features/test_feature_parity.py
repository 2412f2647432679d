"""Rows mean the same to stock Feast and to every store that serving can read, both ways."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from features.clock import wall_clock
from features.declared import VIEWS, features_of
from features.errors import RowError
from features.vector import ERROR_ROW, MISSING_ROW, FeatureStore, ViewRow
from tests.rows import put

DAY_US = 86_400_000_000

STATE = {
    "turn": 7,
    "started_unix": 1_790_000_000,
    "last_turn_unix": 1_790_000_060,
    "last_placement": "offer",
    "last_action": "ten_percent",
    "last_event": "Product Viewed",
    "page": "café ☕",
    "viewed_category": "",
    "seconds_on_page": 0.0,
    "cart_value": 129.9,
    "clicks": 2**40,
    "accepted": 0,
    "declined": -3,
    "last_reward": -0.25,
}


@pytest.fixture
def key() -> str:
    return f"key-{uuid.uuid4()}"


def test_the_session_rows_used_here_cover_the_whole_view() -> None:
    assert set(STATE) == {feature.name for feature in features_of("session_state")}


def test_rows_written_by_stock_feast_are_read_as_written(
    store: FeatureStore, kind: str, stock: Any, run: Callable[..., Any], key: str
) -> None:
    written_us = wall_clock()
    stock("write", kind, view="session_state", rows=[{"session_id": key, **STATE}], timestamp_us=written_us)
    row = run(store.read({"session_id": key}))["session_state"]
    assert row == ViewRow(STATE, written_us, "fresh")
    assert {name: type(value) for name, value in row.values.items()} == {n: type(v) for n, v in STATE.items()}


def test_rows_pushed_by_stock_feast_are_read_as_pushed(
    store: FeatureStore, kind: str, stock: Any, run: Callable[..., Any], key: str
) -> None:
    written_us = wall_clock()
    stock("push", kind, source="session_state_push", rows=[{"session_id": key, **STATE}], timestamp_us=written_us)
    assert run(store.read({"session_id": key}))["session_state"] == ViewRow(STATE, written_us, "fresh")


def test_rows_written_here_are_read_by_stock_feast(
    store: FeatureStore, kind: str, stock: Any, run: Callable[..., Any], key: str
) -> None:
    written_us = wall_clock()
    assert run(put(store, "session_state", key, STATE, timestamp_us=written_us))
    assert stock("read", kind, view="session_state", key=key) == {"values": STATE, "timestamp_us": written_us}


def test_a_replaced_row_keeps_nothing_of_the_old_one(
    store: FeatureStore, kind: str, stock: Any, run: Callable[..., Any], key: str
) -> None:
    first_us = wall_clock()
    run(put(store, "session_state", key, STATE, timestamp_us=first_us))
    assert run(put(store, "session_state", key, {"turn": 8}, timestamp_us=first_us + 1, expected_us=first_us))
    assert run(store.read({"session_id": key}))["session_state"] == ViewRow({"turn": 8}, first_us + 1, "fresh")
    assert stock("read", kind, view="session_state", key=key)["values"] == {**dict.fromkeys(STATE), "turn": 8}


def test_a_feature_that_was_never_written_is_absent(
    store: FeatureStore, kind: str, stock: Any, run: Callable[..., Any], key: str
) -> None:
    written_us = wall_clock()
    stock("write_part", kind, view="session_state", key=key, text={"page": "home"}, timestamp_us=written_us)
    assert run(store.read({"session_id": key}))["session_state"] == ViewRow({"page": "home"}, written_us, "fresh")


def test_a_row_that_is_not_there_is_missing(store: FeatureStore, run: Callable[..., Any], key: str) -> None:
    rows = run(store.read({"session_id": key, "user_id": key}))
    stored = [view.name for view in VIEWS if view.join_key is not None]
    assert rows == dict.fromkeys(stored, MISSING_ROW)


def test_only_views_of_the_given_entities_are_read(store: FeatureStore, run: Callable[..., Any], key: str) -> None:
    assert set(run(store.read({"session_id": key}))) == {"session_state"}
    assert run(store.read({"shop_id": key})) == {}
    assert run(store.read({})) == {}


def test_a_row_older_than_its_time_to_live_is_stale(
    store: FeatureStore, kind: str, stock: Any, run: Callable[..., Any], key: str
) -> None:
    old_us = wall_clock() - 2 * DAY_US
    stock("write", kind, view="session_state", rows=[{"session_id": key, **STATE}], timestamp_us=old_us)
    assert run(store.read({"session_id": key}))["session_state"] == ViewRow(STATE, old_us, "stale")


def test_an_older_write_of_stock_feast_does_not_undo_ours(
    store: FeatureStore, kind: str, stock: Any, run: Callable[..., Any], key: str
) -> None:
    written_us = wall_clock()
    run(put(store, "session_state", key, STATE, timestamp_us=written_us))
    older = {"session_id": key, **STATE, "turn": 1}
    stock("write", kind, view="session_state", rows=[older], timestamp_us=written_us - 1)
    assert run(store.read({"session_id": key}))["session_state"] == ViewRow(STATE, written_us, "fresh")


def test_a_write_that_expects_another_row_changes_nothing(
    store: FeatureStore, run: Callable[..., Any], key: str
) -> None:
    first_us = wall_clock()
    assert not run(put(store, "session_state", key, STATE, timestamp_us=first_us, expected_us=first_us - 5))
    assert run(store.read({"session_id": key}))["session_state"] == MISSING_ROW
    assert run(put(store, "session_state", key, STATE, timestamp_us=first_us))
    for expected_us in (None, first_us - 1, first_us + 1):
        lost = put(store, "session_state", key, {"turn": 0}, timestamp_us=first_us + 9, expected_us=expected_us)
        assert not run(lost)
    assert run(store.read({"session_id": key}))["session_state"] == ViewRow(STATE, first_us, "fresh")


@pytest.mark.parametrize("values", [{"turn": "many"}, {"turn": 1.5}, {"no_such_feature": 1}, {"page": True}])
def test_values_that_do_not_fit_the_view_are_refused(
    store: FeatureStore, run: Callable[..., Any], key: str, values: dict[str, Any]
) -> None:
    with pytest.raises(RowError, match="session_state"):
        run(put(store, "session_state", key, values, timestamp_us=wall_clock()))
    assert run(store.read({"session_id": key}))["session_state"] == MISSING_ROW


def test_materialised_users_are_read(direct_sqlite: FeatureStore, sdk_sqlite: FeatureStore, run: Any) -> None:
    rows = run(direct_sqlite.read({"user_id": "ada"}))
    assert rows == run(sdk_sqlite.read({"user_id": "ada"}))
    assert rows["user_profile"].values["first_name"] == "Ada"
    assert rows["user_activity"].values["churn_risk"] == 0.125
    assert {view for view, row in rows.items() if row.freshness == "fresh"} == {"user_profile", "user_activity"}
    assert ERROR_ROW not in rows.values()
