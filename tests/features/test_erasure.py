"""Who is erased is gone from every view, at once and for good: what was under way cannot bring them back."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import redis

from features.clock import wall_clock
from features.embedded.store import DirectSqliteStore
from features.entity_key import EntityKeys
from features.errors import RowError
from features.memory import MemoryStore
from features.plan import Plan
from features.redis.scripts import TOMBSTONE_S
from features.redis.store import DirectRedisStore
from features.sdk.store import SdkStore
from features.vector import FeatureStore, RowChange
from tests.rows import put

Run = Callable[..., Any]
DAY_S = 86_400


@pytest.fixture(params=["memory", "direct_sqlite", "direct_redis", "direct_cluster"])
def own_store(request: pytest.FixtureRequest) -> FeatureStore:
    """Every store that knows what erasing is."""
    if request.param == "memory":
        return MemoryStore()
    found: FeatureStore = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def keys() -> dict[str, str]:
    return {"user_id": f"u-{uuid.uuid4()}", "session_id": f"s-{uuid.uuid4()}"}


def rows_of(keys: dict[str, str], at_us: int, began_us: int) -> list[RowChange]:
    """One row of the session and two of the user."""
    user, session = keys["user_id"], keys["session_id"]
    return [
        RowChange("session_state", session, {"turn": 1}, at_us, None, began_us),
        RowChange("user_activity", user, {"visits": 1}, at_us, None, began_us),
        RowChange("user_profile", user, {"tier": "gold"}, at_us, None, began_us),
    ]


def written(store: FeatureStore, run: Run, keys: dict[str, str]) -> int:
    """How many rows there are."""
    return sum(row.timestamp_us is not None for row in run(store.read(keys)).values())


def test_rows_of_several_entities_are_written_in_one_call(own_store: FeatureStore, run: Run, keys: Any) -> None:
    now_us = wall_clock()
    session, activity, profile = rows_of(keys, now_us, now_us)
    assert run(own_store.write([session])) == [True]
    assert run(own_store.write([activity, session, profile])) == [True, False, True], "each row on its own"
    assert written(own_store, run, keys) == 3


def test_erasing_says_how_many_rows_there_were_and_can_be_repeated(
    own_store: FeatureStore, run: Run, keys: Any
) -> None:
    now_us = wall_clock()
    run(own_store.write(rows_of(keys, now_us, now_us)))
    assert run(own_store.erase(keys, now_us + 1)) == 3
    assert run(own_store.erase(keys, now_us + 2)) == 0
    assert run(own_store.erase({}, now_us)) == 0
    assert written(own_store, run, keys) == 0


def test_what_began_before_the_erasure_is_over_and_what_began_after_counts(
    own_store: FeatureStore, run: Run, keys: Any
) -> None:
    now_us = wall_clock()
    run(own_store.write(rows_of(keys, now_us, now_us)))
    run(own_store.erase(keys, now_us + 10))
    run(own_store.erase(keys, now_us + 5))
    assert run(own_store.write(rows_of(keys, now_us + 20, now_us + 10))) == [True, True, True]
    assert written(own_store, run, keys) == 0
    assert run(own_store.write(rows_of(keys, now_us + 30, now_us + 11))) == [True, True, True]
    assert written(own_store, run, keys) == 3
    late = RowChange("session_state", keys["session_id"], {"turn": 9}, now_us + 40, now_us + 30, now_us + 9)
    assert run(own_store.write([late])) == [True]
    assert run(own_store.read(keys))["session_state"].values == {"turn": 1}, "not even after the return"


def test_nobody_else_is_erased(own_store: FeatureStore, run: Run, keys: Any) -> None:
    others = {name: f"{value}-too" for name, value in keys.items()}
    now_us = wall_clock()
    run(own_store.write([*rows_of(keys, now_us, now_us), *rows_of(others, now_us, now_us)]))
    assert run(own_store.erase(keys, now_us)) == 3
    assert written(own_store, run, others) == 3


def test_stock_feast_finds_nobody_who_was_erased(
    store: FeatureStore, kind: str, stock: Any, run: Run, keys: Any
) -> None:
    run(put(store, "session_state", keys["session_id"], {"turn": 1}, timestamp_us=wall_clock()))
    if isinstance(store, SdkStore):
        with pytest.raises(RowError, match="cannot erase"):
            run(store.erase(keys, wall_clock()))
        return
    assert run(store.erase(keys, wall_clock())) == 1
    found = stock("read", kind, view="session_state", key=keys["session_id"])
    assert set(found["values"].values()) == {None}
    assert found["timestamp_us"] == 0


def test_feasts_own_reader_erases_through_a_direct_store(
    plan: Plan, sdk_child: Any, direct_sqlite: Any, run: Run, keys: Any
) -> None:
    store = SdkStore(plan, sdk_child, eraser=direct_sqlite)
    now_us = wall_clock()
    run(store.write(rows_of(keys, now_us, now_us)))
    assert run(store.erase(keys, now_us)) == 3
    assert written(store, run, keys) == 0


def redis_key(plan: Plan, join_key: str, value: str) -> bytes:
    return EntityKeys(join_key).key(value) + plan.definitions.project.encode()


def test_redis_forgets_sessions_by_itself_and_users_never(
    redis_plan: Plan, direct_redis: Any, redis_port: int, run: Run, keys: Any
) -> None:
    now_us = wall_clock()
    run(direct_redis.write(rows_of(keys, now_us, now_us)))
    with redis.Redis(port=redis_port, db=3) as client:
        ttl = {name: client.ttl(redis_key(redis_plan, name, value)) for name, value in keys.items()}
        assert DAY_S - 60 < ttl["session_id"] <= DAY_S
        assert ttl["user_id"] == -1
        run(direct_redis.erase(keys, now_us))
        gone = {name: client.ttl(redis_key(redis_plan, name, value)) for name, value in keys.items()}
        assert all(TOMBSTONE_S - 60 < seconds <= TOMBSTONE_S for seconds in gone.values())
        run(direct_redis.write(rows_of(keys, now_us + 2, now_us + 1)))
        assert client.ttl(redis_key(redis_plan, "user_id", keys["user_id"])) == -1, "whoever returns stays"


def test_the_embedded_store_drops_sessions_that_are_over_and_nothing_else(plan: Plan, tmp_path: Any) -> None:
    now_us = wall_clock()
    clock_us = [now_us]

    async def scenario() -> list[str]:
        store = DirectSqliteStore(plan, tmp_path / "online.db", lambda: clock_us[0])
        for number in range(1_200):
            who = {"user_id": f"u{number}", "session_id": f"old{number}"}
            await store.write(rows_of(who, now_us, now_us))
        await store.erase({"user_id": "u0"}, now_us)
        clock_us[0] += (DAY_S + 1) * 1_000_000
        for number in range(2_000):
            await put(store, "session_state", f"new{number}", {"turn": 1}, timestamp_us=clock_us[0])
            await asyncio.sleep(0)
        await store.close()
        again = DirectSqliteStore(plan, tmp_path / "online.db", lambda: clock_us[0])
        found = []
        for name, key in (("session_id", "old"), ("user_id", "u"), ("session_id", "new")):
            rows = [await again.read({name: f"{key}{number}"}) for number in range(1, 1_200)]
            found.append(sum(row.timestamp_us is not None for some in rows for row in some.values()))
        await again.close()
        return found

    old, users, new = asyncio.run(scenario())
    assert old < 300
    assert (users, new) == (2 * 1_199, 1_199)


def test_erasing_in_one_project_leaves_another_whose_name_ends_alike(
    redis_plan: Plan, direct_redis: Any, run: Run, keys: Any
) -> None:

    named = msgspec.structs.replace(redis_plan.definitions, project="tred")
    other = DirectRedisStore(
        msgspec.structs.replace(redis_plan, definitions=named), redis_plan.online_store, timeout_s=5.0
    )
    now_us = wall_clock()
    run(direct_redis.write(rows_of(keys, now_us, now_us)))
    assert run(other.erase(keys, now_us)) == 0
    run(other.close())
    assert written(direct_redis, run, keys) == 3
