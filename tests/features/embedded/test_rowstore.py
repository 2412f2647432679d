"""Rows in the embedded store: order by event time, whole or not at all."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.embedded.rowstore import RowStore, RowSwap, RowWrite, StoredRow
from features.vector import Scalar

ADA, BEN = b"ada", b"ben"


def swap(values: dict[str, Scalar], timestamp_us: int, expected_us: int | None, entity: bytes = ADA) -> RowSwap:
    return RowSwap("state", entity, timestamp_us, values, expected_us, began_us=timestamp_us)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "features" / "online.db"


@pytest.fixture
def rows(path: Path) -> Iterator[RowStore]:
    store = RowStore(path, "shop", busy_ms=0)
    yield store
    store.close()


def test_what_was_written_is_read(rows: RowStore) -> None:
    rows.merge([RowWrite("profile", ADA, 5, {"tier": "gold", "age": 40, "score": 1.0, "known": True, "none": None})])
    [row] = rows.read(ADA)
    assert row == StoredRow("profile", 5, {"tier": "gold", "age": 40, "score": 1.0, "known": True, "none": None})
    assert isinstance(row.values["score"], float)
    assert rows.read_view("profile", ADA) == row
    assert rows.read(BEN) == []
    assert rows.read_view("activity", ADA) is None


def test_an_older_write_changes_nothing(rows: RowStore) -> None:
    rows.merge([RowWrite("profile", ADA, 5, {"tier": "gold"})])
    rows.merge([RowWrite("profile", ADA, 4, {"tier": "new", "age": 1})])
    assert rows.read(ADA) == [StoredRow("profile", 5, {"tier": "gold"})]


def test_a_write_of_the_same_time_applies(rows: RowStore) -> None:
    rows.merge([RowWrite("profile", ADA, 5, {"tier": "gold"})])
    rows.merge([RowWrite("profile", ADA, 5, {"tier": "silver"})])
    assert rows.read(ADA) == [StoredRow("profile", 5, {"tier": "silver"})]


def test_the_newest_of_one_batch_wins_in_any_order(rows: RowStore) -> None:
    rows.merge([RowWrite("profile", ADA, 7, {"tier": "gold"}), RowWrite("profile", ADA, 6, {"tier": "new"})])
    assert rows.read(ADA) == [StoredRow("profile", 7, {"tier": "gold"})]


def test_a_part_of_a_row_leaves_the_rest(rows: RowStore) -> None:
    rows.merge([RowWrite("profile", ADA, 5, {"tier": "gold", "age": 40})])
    rows.merge([RowWrite("profile", ADA, 6, {"age": 41})])
    assert rows.read(ADA) == [StoredRow("profile", 6, {"tier": "gold", "age": 41})]


def test_a_batch_that_fails_leaves_nothing(rows: RowStore) -> None:
    with pytest.raises(TypeError):
        rows.merge([RowWrite("profile", ADA, 5, {"tier": "gold"}), RowWrite("profile", BEN, 5, {"tier": object()})])
    assert rows.read(ADA) == []
    rows.merge([RowWrite("profile", ADA, 5, {"tier": "new"})])
    assert rows.read(ADA) == [StoredRow("profile", 5, {"tier": "new"})]


def test_replacing_needs_the_expected_time(rows: RowStore) -> None:
    assert rows.replace([swap({"turn": 1}, 5, 4)]) == [False]
    assert rows.replace([swap({"turn": 1, "page": "home"}, 5, None)]) == [True]
    assert rows.replace([swap({"turn": 9}, 9, None)]) == [False]
    assert rows.replace([swap({"turn": 9}, 9, 4)]) == [False]
    assert rows.replace([swap({"turn": 2}, 6, 5)]) == [True]
    assert rows.read(ADA) == [StoredRow("state", 6, {"turn": 2})]


def test_projects_in_one_file_do_not_see_each_other(rows: RowStore, path: Path) -> None:
    other = RowStore(path, "other", busy_ms=0)
    rows.merge([RowWrite("profile", ADA, 5, {"tier": "gold"})])
    assert other.read(ADA) == []
    assert other.delete_entity(ADA) == 0
    assert other.drop_view("profile") == 0
    other.close()
    assert len(rows.read(ADA)) == 1


def test_a_forgotten_entity_leaves_no_bytes(rows: RowStore, path: Path) -> None:
    secret = "a very recognisable value"
    rows.merge([RowWrite("profile", ADA, 5, {"tier": secret}), RowWrite("activity", ADA, 5, {"visits": 1})])
    rows.merge([RowWrite("profile", BEN, 5, {"tier": "new"})])
    assert rows.delete_entity(ADA) == 2
    assert rows.read(ADA) == []
    assert len(rows.read(BEN)) == 1
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert secret.encode() not in path.read_bytes()


def test_a_dropped_view_leaves_the_others(rows: RowStore) -> None:
    rows.merge([RowWrite("profile", ADA, 5, {"tier": "gold"}), RowWrite("activity", ADA, 5, {"visits": 1})])
    assert rows.drop_view("profile") == 1
    assert [row.view for row in rows.read(ADA)] == ["activity"]


def test_rows_survive_being_closed(rows: RowStore, path: Path) -> None:
    rows.merge([RowWrite("profile", ADA, 5, {"tier": "gold"})])
    rows.close()
    again = RowStore(path, "shop", busy_ms=0)
    assert again.read(ADA) == [StoredRow("profile", 5, {"tier": "gold"})]
    again.close()


def test_readers_do_not_wait_for_a_writer_and_see_only_what_is_committed(rows: RowStore, path: Path) -> None:
    rows.merge([RowWrite("profile", ADA, 5, {"tier": "gold"})])
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM online_row")
    assert rows.read(ADA) == [StoredRow("profile", 5, {"tier": "gold"})]
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        rows.replace([swap({"tier": "new"}, 6, 5)])
    writer.execute("ROLLBACK")
    writer.close()


def test_only_the_owner_may_read_the_file(rows: RowStore, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
