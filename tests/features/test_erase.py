"""Whoever is forgotten is gone from every store that the features are in, and nobody else is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from features.clock import wall_clock
from features.embedded.store import DirectSqliteStore
from features.erase import SESSIONS, Erased, erase, sessions_of
from features.files.parts import told_by
from features.memory import MemoryStore
from features.plan import Plan, PlannedFeature
from features.vector import RowChange
from tests.features.loading import load, with_history

NOW_US = wall_clock()
NOTHING = Erased(online_rows=0, session_rows=0, sessions=0, history_rows=0, history_files=0)


@pytest.fixture
def own_plan(plan: Plan, tmp_path: Path) -> Plan:
    """A store and histories of the test's own, in which users have the last of their sessions."""
    listed = PlannedFeature(name=SESSIONS, type="string", default="", learn=False)
    views = tuple(
        msgspec.structs.replace(view, features=(*(f for f in view.features if f.name != SESSIONS), listed))
        if view.name == "user_activity"
        else view
        for view in plan.definitions.views
    )
    known = msgspec.structs.replace(plan, definitions=msgspec.structs.replace(plan.definitions, views=views))
    return with_history(known, tmp_path / "offline", f"sqlite:///{tmp_path}/online.db")


async def known_people(plan: Plan, folder: Path) -> DirectSqliteStore:
    """Ada with two sessions, Ben with one; both with a history."""
    for number, tier in enumerate(("new", "gold")):
        file = folder / f"{tier}.csv"
        file.write_text(f"user_id,event_timestamp,tier\nada,{NOW_US - 9 + number},{tier}\nben,{NOW_US - 9},{tier}\n")
        await asyncio.to_thread(load, plan, file, now_us=NOW_US - 5)
    store = DirectSqliteStore(plan, folder / "online.db")
    for user, sessions in (("ada", ["s1", "s2"]), ("ben", ["s3"])):
        row = {SESSIONS: "\n".join(sessions)}
        changes = [RowChange("session_state", session, {"turn": 1}, NOW_US, None, NOW_US) for session in sessions]
        assert all(await store.write([RowChange("user_activity", user, row, NOW_US, None, NOW_US), *changes]))
    return store


def test_a_user_and_their_sessions_are_gone_everywhere_and_nobody_else_is(own_plan: Plan, tmp_path: Path) -> None:
    async def scenario() -> None:
        store = await known_people(own_plan, tmp_path)
        sessions = await sessions_of(store, "ada")
        assert sessions == ["s1", "s2"]
        erased = await erase(own_plan, store, "ada", sessions, NOW_US + 1)
        assert erased == Erased(online_rows=2, session_rows=2, sessions=2, history_rows=2, history_files=2)
        for keys in ({"user_id": "ada"}, {"session_id": "s1"}, {"session_id": "s2"}):
            assert {row.freshness for row in (await store.read(keys)).values()} == {"missing"}
        assert (await store.read({"session_id": "s3"}))["session_state"].values == {"turn": 1}
        assert await sessions_of(store, "ben") == ["s3"]
        await store.close()

    asyncio.run(scenario())
    files = sorted((tmp_path / "offline").glob("*.parquet"))
    assert [pq.read_table(file)["user_id"].to_pylist() for file in files] == [["ben"], ["ben"]]
    assert {told_by(file).available_us for file in files} == {NOW_US - 5}


def test_erasing_again_finds_nothing(own_plan: Plan, tmp_path: Path) -> None:
    async def scenario() -> None:
        store = await known_people(own_plan, tmp_path)
        await erase(own_plan, store, "ada", await sessions_of(store, "ada"), NOW_US + 1)
        before = {path: path.stat().st_mtime_ns for path in (tmp_path / "offline").iterdir()}
        assert await erase(own_plan, store, "ada", await sessions_of(store, "ada"), NOW_US + 2) == NOTHING
        assert {path: path.stat().st_mtime_ns for path in (tmp_path / "offline").iterdir()} == before
        await store.close()

    asyncio.run(scenario())


def test_a_turn_under_way_cannot_bring_anybody_back(own_plan: Plan, tmp_path: Path) -> None:
    async def scenario() -> None:
        store = await known_people(own_plan, tmp_path)
        row = (await store.read({"session_id": "s1"}))["session_state"]
        await erase(own_plan, store, "ada", ["s1"], NOW_US + 5)
        late = RowChange("session_state", "s1", {"turn": 2}, NOW_US + 9, row.timestamp_us, began_us=NOW_US + 1)
        assert await store.write([late]) == [True]
        assert (await store.read({"session_id": "s1"}))["session_state"].freshness == "missing"
        await store.close()

    asyncio.run(scenario())


def test_a_store_that_does_not_answer_erases_nothing_and_says_so() -> None:
    store = MemoryStore()
    store.down = True
    with pytest.raises(OSError, match="does not answer"):
        asyncio.run(sessions_of(store, "ada"))
