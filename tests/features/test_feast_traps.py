"""What stock Feast does that one would not expect: each surprise, and that serving does not share it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from features.changes import Happened
from features.clock import wall_clock
from features.embedded.rowstore import RowStore, RowSwap
from features.embedded.store import DirectSqliteStore
from features.errors import RowError
from features.plan import Plan
from features.redis.store import DirectRedisStore
from features.repository import default_repository
from features.state import StateWriter
from features.vector import FeatureStore, ViewRow
from tests.features.conftest import PATIENT_S, running_feast
from tests.rows import put

VIEW = "session_state"
Run = Callable[..., Any]
BUDGET_S = 3.0
"""Feast's own default is seven to ten seconds, or for ever; with our settings it is a quarter of one."""


@pytest.fixture
def key() -> str:
    return f"key-{uuid.uuid4()}"


@pytest.fixture(params=["sqlite", "redis", "cluster"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def direct(kind: str, request: pytest.FixtureRequest) -> FeatureStore:
    found: FeatureStore = request.getfixturevalue(f"direct_{kind}")
    return found


def state(store: FeatureStore, run: Run, key: str) -> ViewRow:
    row: ViewRow = run(store.read({"session_id": key}))[VIEW]
    return row


def test_the_newest_of_one_batch_wins_wherever_it_stands(
    kind: str, direct: FeatureStore, stock: Any, run: Run, key: str
) -> None:
    now_us = wall_clock()
    parts = [({"page": page}, now_us + age) for page, age in (("second", 2), ("third", 3), ("first", 1))]
    stock("write_parts", kind, view=VIEW, key=key, parts=parts)
    assert (state(direct, run, key).values["page"], state(direct, run, key).timestamp_us) == ("third", now_us + 3)


def test_a_push_that_comes_late_changes_nothing(
    kind: str, direct: FeatureStore, stock: Any, run: Run, key: str
) -> None:
    now_us = wall_clock()
    for page, age in (("new", 5), ("old", 1), ("older", 0)):
        row = {**dict.fromkeys(stock_features(stock, kind, key)), "session_id": key, "page": page}
        stock("push", kind, source="session_state_push", rows=[row], timestamp_us=now_us + age)
    assert state(direct, run, key) == ViewRow({"page": "new"}, now_us + 5, "fresh")


@pytest.mark.parametrize(("kind", "kept"), [("sqlite", "second"), ("redis", "first"), ("cluster", "first")])
def test_on_redis_feast_drops_a_second_write_of_the_same_time(
    kind: str, direct: FeatureStore, stock: Any, run: Run, key: str, kept: str
) -> None:
    now_us = wall_clock()
    for page in ("first", "second"):
        stock("write_part", kind, view=VIEW, key=key, text={"page": page}, timestamp_us=now_us)
    assert state(direct, run, key).values["page"] == kept


def test_so_our_own_writes_are_never_of_the_same_time(direct: FeatureStore, run: Run, key: str) -> None:
    stopped_us = wall_clock()
    writer = StateWriter(direct, lambda: stopped_us)
    for clicks in (1, 2, 3):
        assert run(writer.apply({"session_id": key}, Happened("click", {})))
        row = state(direct, run, key)
        assert (row.values["clicks"], row.timestamp_us) == (clicks, stopped_us + clicks - 1)


def test_a_part_of_a_row_leaves_the_rest_but_makes_all_of_it_younger(
    kind: str, direct: FeatureStore, stock: Any, run: Run, key: str
) -> None:
    now_us = wall_clock()
    stock("write_part", kind, view=VIEW, key=key, text={"page": "home"}, timestamp_us=now_us)
    stock("write_part", kind, view=VIEW, key=key, text={"last_event": "Viewed"}, timestamp_us=now_us + 1)
    assert state(direct, run, key) == ViewRow({"page": "home", "last_event": "Viewed"}, now_us + 1, "fresh")


def test_feast_refuses_a_part_of_a_row_that_serving_may_write(
    kind: str, direct: FeatureStore, stock: Any, run: Run, key: str
) -> None:
    rows = [{"session_id": key, "turn": 1}]
    refused = stock("refused", kind, asked="write", view=VIEW, rows=rows, timestamp_us=wall_clock())
    assert refused["error"] == "KeyError"
    assert run(put(direct, VIEW, key, {"turn": 1}, timestamp_us=wall_clock()))
    assert state(direct, run, key).values == {"turn": 1}


@pytest.mark.parametrize(("feature", "given", "becomes"), [("turn", 1.7, 1), ("page", 3, "3")])
def test_feast_bends_values_to_their_type_where_serving_refuses_or_keeps_them(
    direct: FeatureStore, kind: str, stock: Any, run: Run, key: str, feature: str, given: Any, becomes: Any
) -> None:
    row = {**dict.fromkeys(stock_features(stock, kind, key)), "session_id": key, feature: given}
    stock("write", kind, view=VIEW, rows=[row], timestamp_us=wall_clock())
    assert stock("read", kind, view=VIEW, key=key)["values"][feature] == becomes
    with pytest.raises(RowError) if feature == "turn" else contextlib.nullcontext():
        run(put(direct, VIEW, f"{key}-ours", {feature: given}, timestamp_us=wall_clock()))


@pytest.mark.parametrize("number", [2**63, float("nan"), float("inf")])
def test_numbers_that_no_store_can_keep_are_refused(direct: FeatureStore, run: Run, key: str, number: float) -> None:
    with pytest.raises(RowError, match="turn"):
        run(put(direct, VIEW, key, {"turn": number}, timestamp_us=wall_clock()))


def stock_features(stock: Any, kind: str, key: str) -> list[str]:
    return list(stock("read", kind, view=VIEW, key=key)["values"])


def of_project(plan: Plan, project: str) -> Plan:
    return msgspec.structs.replace(plan, definitions=msgspec.structs.replace(plan.definitions, project=project))


@pytest.fixture
def tred_redis(redis_plan: Plan) -> Plan:
    return of_project(redis_plan, "tred")


@pytest.fixture
def tred_cluster(cluster_plan: Plan) -> Plan:
    return of_project(cluster_plan, "tred")


@pytest.mark.parametrize("redis_kind", ["redis", "cluster"])
def test_tearing_a_project_down_leaves_another_whose_name_ends_alike(
    redis_kind: str, stock: Any, request: pytest.FixtureRequest, run: Run, key: str
) -> None:
    """``maitred`` ends with ``tred``: Feast's own store would delete the keys that match ``*tred``."""
    store, plan = (request.getfixturevalue(f"{name}_{redis_kind}") for name in ("direct", "tred"))
    tred = DirectRedisStore(plan, plan.online_store, timeout_s=PATIENT_S)
    for each in (store, tred):
        run(put(each, VIEW, key, {"turn": 1}, timestamp_us=wall_clock()))
    stock("teardown", redis_kind, project="tred")
    assert state(tred, run, key).freshness == "missing"
    assert state(store, run, key).values == {"turn": 1}
    run(tred.close())


@contextlib.contextmanager
def hanging_port() -> Iterator[int]:
    """Takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """Nobody listens, and nobody else will."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


@pytest.mark.parametrize("broken", [hanging_port, refusing_port])
def test_with_our_settings_feast_itself_gives_a_broken_redis_up_in_time(
    broken: Callable[[], Any], feast_home: Path, key: str
) -> None:
    with broken() as port:
        stores = {
            "MAITRED_FEATURES_REDIS": f"127.0.0.1:{port}",
            "MAITRED_FEATURES_REDIS_CLUSTER": f"127.0.0.1:{port}",
        }
        with running_feast(default_repository(), feast_home, stores) as feast:
            refused = {kind: feast("refused", kind, asked="read", view=VIEW, key=key) for kind in ("redis", "cluster")}
    assert refused["redis"]["seconds"] < BUDGET_S, refused
    assert refused["cluster"]["seconds"] < BUDGET_S, refused


def test_threads_and_connections_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    """Feast's own SQLite store shares one connection between threads, and fails."""
    turns, writers, readers = 200, 2, 8
    failures: list[BaseException] = []
    all_open = threading.Barrier(writers + readers)

    def work(number: int) -> None:
        rows = RowStore(tmp_path / "online.db", "shop", busy_ms=10_000)
        all_open.wait()
        try:
            for turn in range(1, turns + 1):
                if number < writers:
                    expected_us = turn - 1 if turn > 1 else None
                    swap = RowSwap("state", b"%d" % number, turn, {"turn": turn}, expected_us, turn)
                    assert rows.replace([swap]) == [True]
                for found in rows.read(*(b"%d" % writer for writer in range(writers))):
                    assert found.values == {"turn": found.timestamp_us}
        except BaseException as error:  # noqa: BLE001 - whatever happens in a thread, the test must hear of it
            failures.append(error)
        finally:
            rows.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(writers + readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_registry_that_is_gone_stops_no_read(plan: Plan, tmp_path: Path) -> None:
    moved = msgspec.structs.replace(plan, registry_path=str(tmp_path / "gone.db"))

    async def read() -> ViewRow:
        store = DirectSqliteStore(moved, Path(plan.online_store.removeprefix("sqlite:///")))
        rows = await store.read({"user_id": "ada"})
        await store.close()
        return rows["user_profile"]

    assert asyncio.run(read()).values["first_name"] == "Ada"
