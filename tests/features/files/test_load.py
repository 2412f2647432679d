"""A file of people ends up in the store as Feast itself would have put it there, whatever else the file contains."""

from __future__ import annotations

import csv
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from features.clock import wall_clock
from features.errors import LoadError, PlanError
from features.files.bulk import BulkRow
from features.files.bulk_open import open_bulk
from features.files.columns import columns_of, view_to_load
from features.files.fill import Fill
from features.files.parts import told_by
from features.open import open_store
from features.plan import Plan
from features.redis.store import DirectRedisStore
from features.repository import default_repository
from features.vector import ViewRow
from tests.features.loading import VIEW, load, parts, with_history

NOW_US = wall_clock()
HOUR_US = 3_600_000_000


@pytest.fixture(params=["sqlite", "redis", "cluster"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def own_plan(kind: str, plan: Plan, tmp_path: Path, request: pytest.FixtureRequest) -> Plan:
    """Histories of the test's own; rows where stock Feast sees them."""
    found: Plan = plan if kind == "sqlite" else request.getfixturevalue(f"{kind}_plan")
    return with_history(found, tmp_path / "offline")


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A person of the test's own: all tests share the stores."""
    return str(request.node.name)


@pytest.fixture
def read(own_plan: Plan, run: Callable[..., Any]) -> Callable[[str], ViewRow]:
    async def row(user: str) -> ViewRow:
        store = open_store(own_plan, "direct", default_repository())
        if isinstance(store, DirectRedisStore):
            store = DirectRedisStore(own_plan, own_plan.online_store, timeout_s=5.0)
        found = (await store.read({"user_id": user}))[VIEW]
        await store.close()
        return found

    return lambda user: run(row(user))


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_feast_reads_what_was_loaded(
    own_plan: Plan, kind: str, name: str, stock: Any, read: Callable[[str], ViewRow], tmp_path: Path
) -> None:
    file = write(tmp_path / "a.csv", "user_id,tier,tenure_days,region", f"{name},gold,900,", f"{name}-2,new,3,north")
    loaded = load(own_plan, file, now_us=NOW_US)
    assert (loaded.rows, loaded.written, loaded.refused) == (2, 2, {})
    theirs = stock("read", kind, view=VIEW, key=name)
    assert {theirs["values"][feature] for feature in ("tier", "tenure_days", "region")} == {"gold", 900, None}
    assert theirs["timestamp_us"] == NOW_US
    assert read(name) == ViewRow({"tier": "gold", "tenure_days": 900}, NOW_US, "fresh")
    assert read(f"{name}-2").values == {"tier": "new", "tenure_days": 3, "region": "north"}


def test_an_older_row_never_overwrites_a_newer_one(
    own_plan: Plan, name: str, read: Callable[[str], ViewRow], tmp_path: Path
) -> None:
    old, new = NOW_US - HOUR_US, NOW_US - 1
    lines = ("user_id,event_timestamp,tier", f"{name},{new},gold", f"{name},{old},new")
    loaded = load(own_plan, write(tmp_path / "a.csv", *lines), now_us=NOW_US)
    assert (loaded.written, loaded.older) == (1, 1)
    assert read(name) == ViewRow({"tier": "gold"}, new, "fresh")
    again = load(own_plan, write(tmp_path / "b.csv", *lines[:1], lines[2]), now_us=NOW_US)
    assert (again.written, again.older) == (0, 1)
    assert read(name).values == {"tier": "gold"}


def test_a_corrected_file_of_the_same_time_is_taken_and_absent_columns_stay(
    own_plan: Plan, name: str, read: Callable[[str], ViewRow], tmp_path: Path
) -> None:
    load(own_plan, write(tmp_path / "a.csv", "user_id,tier,region", f"{name},new,north"), now_us=NOW_US)
    load(own_plan, write(tmp_path / "b.csv", "user_id,tier", f"{name},gold"), now_us=NOW_US)
    assert read(name).values == {"tier": "gold", "region": "north"}


def test_nobody_who_was_erased_comes_back_with_an_old_file(
    own_plan: Plan, name: str, run: Callable[..., Any], read: Callable[[str], ViewRow], tmp_path: Path
) -> None:
    async def erase() -> int:
        store = open_store(own_plan, "direct", default_repository())
        rows = await store.erase({"user_id": name}, NOW_US)
        await store.close()
        return rows

    lines = ("user_id,event_timestamp,tier", f"{name},{NOW_US - 1},gold")
    load(own_plan, write(tmp_path / "a.csv", *lines), now_us=NOW_US)
    assert run(erase()) == 1
    again = load(own_plan, write(tmp_path / "b.csv", *lines, f"{name}-2,{NOW_US - 1},new"), now_us=NOW_US)
    assert (again.written, again.erased) == (1, 1)
    assert read(name).freshness == "missing"
    assert all(name not in pq.read_table(path)["user_id"].to_pylist() for path in [Path(str(again.history))])
    later = load(own_plan, write(tmp_path / "c.csv", "user_id,tier", f"{name},new"), now_us=NOW_US + 1)
    assert later.written == 1
    assert read(name).values == {"tier": "new"}


@pytest.mark.parametrize("kind", ["sqlite"])
def test_each_refused_row_is_in_a_private_file_with_its_number_and_reason(
    own_plan: Plan, name: str, tmp_path: Path
) -> None:
    future = NOW_US + HOUR_US
    lines = (
        f"{name},{NOW_US},gold,1",
        f"{name},{NOW_US},gold,1",
        f"{name},{NOW_US},new,1",
        f",{NOW_US},gold,1",
        f"{name},soon,gold,1",
        f"{name},{future},gold,1",
        f"{name}-2,{NOW_US},gold,many",
    )
    file = write(tmp_path / "a.csv", "user_id,event_timestamp,tier,tenure_days", *lines)
    loaded = load(own_plan, file, now_us=NOW_US)
    assert (loaded.rows, loaded.written, loaded.repeated, sum(loaded.refused.values())) == (7, 1, 1, 5)
    refused = file.with_suffix(".refused.csv")
    assert stat.S_IMODE(refused.stat().st_mode) == 0o600
    with refused.open(newline="") as opened:
        told = [(row["row"], row["reason"]) for row in csv.DictReader(opened)]
    assert told == [
        ("3", "another row of the same key and time came before and says something else"),
        ("4", "user_id: nobody's"),
        ("5", "event_timestamp: no time"),
        ("6", "event_timestamp: in the future"),
        ("7", "tenure_days: no int"),
    ]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_the_mended_file_of_refused_rows_can_be_loaded(own_plan: Plan, name: str, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "user_id,tenure_days", f"{name},many")
    load(own_plan, file, now_us=NOW_US)
    mended = file.with_suffix(".refused.csv")
    mended.write_text(mended.read_text().replace("many", "3"))
    loaded = load(own_plan, mended, now_us=NOW_US)
    assert (loaded.written, loaded.refused, set(loaded.unused)) == (1, {}, {"row", "reason"})


@pytest.mark.parametrize("kind", ["sqlite"])
def test_the_report_says_how_full_each_column_was_and_what_stands_in(own_plan: Plan, name: str, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "user_id,days,extra", f"{name},99999,x", f"{name}-2,,x", f"{name}-3,5,x")
    loaded = load(own_plan, file, now_us=NOW_US, days="tenure_days")
    [fill] = loaded.fills
    assert (fill.feature, fill.present, fill.missing, fill.unexpected) == ("tenure_days", 2, 1, 1)
    assert isinstance(fill, Fill)
    assert fill.instead
    assert loaded.unused == ("extra",)
    assert "tier" in loaded.absent


@pytest.mark.parametrize("kind", ["sqlite"])
def test_the_history_has_each_load_once(own_plan: Plan, name: str, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "user_id,event_timestamp,tier", f"{name},{NOW_US - 5},gold")
    first = load(own_plan, file, now_us=NOW_US)
    second = load(own_plan, file, now_us=NOW_US + HOUR_US)
    other = load(own_plan, write(tmp_path / "b.csv", "user_id,tier", f"{name},new"), now_us=NOW_US)
    assert first.history == second.history != other.history
    kept = parts(own_plan)
    assert kept is not None
    assert {str(path) for path in kept.files()} == {first.history, other.history}
    table = pq.read_table(Path(str(first.history)))
    assert table["tier"].to_pylist() == ["gold"]
    assert table["event_timestamp"].cast("int64").to_pylist() == [NOW_US - 5]
    told = told_by(Path(str(first.history)))
    assert told.available_us == NOW_US
    assert told.features == {"tier"}


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_history_whose_columns_differ_is_completed(own_plan: Plan, name: str, tmp_path: Path) -> None:
    kept = parts(own_plan)
    assert kept is not None
    older = load(own_plan, write(tmp_path / "a.csv", "user_id,tier", f"{name},gold"), now_us=NOW_US)
    path = Path(str(older.history))
    pq.write_table(pq.read_table(path).drop_columns(["region"]).append_column("gone", [["kept"]]), path)
    newer = load(own_plan, write(tmp_path / "b.csv", "user_id,tier", f"{name},new"), now_us=NOW_US)
    both = [pq.read_table(file) for file in (path, Path(str(newer.history)))]
    assert set(both[0].column_names) == set(both[1].column_names) >= {"region", "gone"}
    assert both[0]["gone"].to_pylist() == ["kept"]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_what_does_not_fit_is_refused_before_anything_is_written(own_plan: Plan) -> None:
    profile = view_to_load(own_plan, VIEW)
    with pytest.raises(LoadError, match="no view 'nope'"):
        view_to_load(own_plan, "nope")
    for held, renamed, why in (
        (["tier"], {}, "no column 'user_id'"),
        (["user_id"], {}, "no column is a feature"),
        (["user_id", "a"], {"a": "nope"}, "no feature 'nope'"),
        (["user_id", "a"], {"b": "tier"}, "no column 'b'"),
        (["user_id", "a", "tier"], {"a": "tier"}, "two columns"),
    ):
        with pytest.raises(LoadError, match=why):
            columns_of(held, profile, renamed, None, None)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_store_that_only_feast_can_write_is_refused(own_plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="cannot be loaded directly"):
        open_bulk(with_history(own_plan, tmp_path, "feast:dynamodb"), view_to_load(own_plan, VIEW))


@pytest.mark.parametrize("kind", ["redis"])
def test_a_store_that_does_not_answer_is_an_error(own_plan: Plan, tmp_path: Path) -> None:
    gone = open_bulk(with_history(own_plan, tmp_path, "redis://127.0.0.1:1/0"), view_to_load(own_plan, VIEW))
    with pytest.raises(OSError, match="onnect"):
        gone.merge([BulkRow("nobody", NOW_US, {"tier": "new"})])
    gone.close()
