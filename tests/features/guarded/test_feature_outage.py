"""A store that does not answer gives error rows within its budget, and comes back by itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvloop

from features.declared import VIEWS
from features.embedded.store import PATIENT_MS, DirectSqliteStore
from features.errors import PlanError, RepositoryError
from features.open import open_store
from features.plan import Plan
from features.redis.link import TIMEOUT_S
from features.redis.store import DirectRedisStore
from features.sdk.child import SdkChild
from features.sdk.store import SdkStore
from features.vector import ERROR_ROW, MISSING_ROW, FeatureStore
from tests.rows import put

KEYS = {"session_id": "nobody", "user_id": "nobody"}
ERRORS = dict.fromkeys((view.name for view in VIEWS if view.join_key is not None), ERROR_ROW)
NOTHING = dict.fromkeys(ERRORS, MISSING_ROW)
GENEROUS_S = 1.0


async def fails_in_time(store: FeatureStore) -> None:
    started = time.perf_counter()
    assert await store.read(KEYS) == ERRORS
    with pytest.raises(OSError, match=r".*"):
        await put(store, "session_state", "s", {"turn": 1}, timestamp_us=2)
    assert time.perf_counter() - started < 2 * TIMEOUT_S + GENEROUS_S


def with_server(answer: Callable[..., Any], plan: Plan, check: Callable[[FeatureStore], Any]) -> None:
    handled: list[asyncio.Future[None]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        handled.append(done)
        with contextlib.suppress(OSError):
            await answer(reader, writer)
            writer.close()
            await writer.wait_closed()
        done.set_result(None)

    async def scenario() -> None:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        store = DirectRedisStore(plan, f"redis://127.0.0.1:{port}")
        try:
            await check(store)
        finally:
            await store.close()
            server.close()
            await asyncio.gather(*handled)

    asyncio.run(scenario())


def test_a_redis_that_hangs_costs_no_more_than_the_time_limit(plan: Plan) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    with_server(hang, plan, fails_in_time)


@pytest.mark.parametrize("reply", [b"-LOADING try later\r\n" * 2, b"*1\r\n:1\r\n" * 2, b"what?\r\n", b""])
def test_a_redis_that_answers_nonsense_gives_error_rows(plan: Plan, reply: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(reply)

    async def reads_errors(store: FeatureStore) -> None:
        assert await store.read(KEYS) == ERRORS

    with_server(answer, plan, reads_errors)


def test_a_redis_that_refuses_gives_error_rows(plan: Plan) -> None:
    async def scenario() -> None:
        store = DirectRedisStore(plan, "redis://127.0.0.1:1")
        await fails_in_time(store)
        await store.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run])
def test_a_lost_connection_is_made_anew(redis_plan: Plan, runner: Callable[..., Any]) -> None:
    async def scenario() -> None:
        store = DirectRedisStore(redis_plan, redis_plan.online_store, timeout_s=5.0)
        try:
            assert await store.read(KEYS) == NOTHING
            await store.close()
            assert await store.read(KEYS) == NOTHING
            assert await asyncio.gather(*(store.read(KEYS) for _ in range(20))) == [NOTHING] * 20
        finally:
            await store.close()

    runner(scenario())


def test_a_write_waits_for_a_short_transaction_of_another_process(plan: Plan, tmp_path: Path) -> None:
    async def scenario() -> None:
        store = DirectSqliteStore(plan, tmp_path / "online.db")
        rival = sqlite3.connect(tmp_path / "online.db", isolation_level=None)
        rival.execute("BEGIN IMMEDIATE")
        write = asyncio.create_task(put(store, "session_state", "s", {"turn": 1}, timestamp_us=2))
        await asyncio.sleep(0)
        assert (await store.read({"session_id": "s"}))["session_state"] == MISSING_ROW
        rival.execute("COMMIT")
        assert await write
        rival.execute("BEGIN IMMEDIATE")
        started = time.perf_counter()
        with pytest.raises(OSError, match="locked"):
            await put(store, "session_state", "s", {"turn": 2}, timestamp_us=3, expected_us=2)
        assert time.perf_counter() - started >= PATIENT_MS / 1_000
        rival.close()
        await store.close()

    asyncio.run(scenario())


def test_a_damaged_file_gives_error_rows(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "online.db"
    store = DirectSqliteStore(plan, path)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE online_row")
    connection.close()
    assert asyncio.run(store.read(KEYS)) == ERRORS
    with pytest.raises(OSError, match="no such table"):
        asyncio.run(put(store, "session_state", "s", {"turn": 1}, timestamp_us=2))
    asyncio.run(store.close())


def test_feasts_own_process_is_replaced_when_it_dies(plan: Plan, feast_home: Path) -> None:
    async def scenario() -> None:
        child = SdkChild(Path(plan.repository), feast_home)
        store = SdkStore(plan, child)
        assert await store.read(KEYS) == NOTHING
        first = child.pid
        os.kill(first, signal.SIGKILL)
        while await store.read(KEYS) == NOTHING:
            await asyncio.sleep(0)
        await fails_in_time(store)
        while await store.read(KEYS) != NOTHING:
            await asyncio.sleep(0.05)
        assert child.pid != first
        await store.close()

    uvloop.run(asyncio.wait_for(scenario(), 120.0))


def test_what_feast_raises_is_told_and_its_process_lives_on(
    plan: Plan, sdk_sqlite: FeatureStore, sdk_child: SdkChild, run: Callable[..., Any]
) -> None:
    views = tuple(
        msgspec.structs.replace(view, name="gone") if view.name == "session_state" else view
        for view in plan.definitions.views
    )
    another = SdkStore(
        msgspec.structs.replace(plan, definitions=msgspec.structs.replace(plan.definitions, views=views)), sdk_child
    )
    with pytest.raises(OSError, match="feast: KeyError: 'gone'"):
        run(put(another, "gone", "s", {"turn": 1}, timestamp_us=2))
    assert run(sdk_sqlite.read(KEYS)) == NOTHING


def test_a_feast_that_does_not_start_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "feature_store.yaml").write_text("project: 7\nno_such_key: 1\n")
    with pytest.raises(RepositoryError, match="did not start"):
        SdkChild(tmp_path, tmp_path / "home")


def test_the_sdk_over_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="is not a Feast repository"):
        SdkChild(tmp_path, tmp_path / "home")


def test_a_store_that_only_feast_knows_needs_the_sdk(plan: Plan) -> None:
    with pytest.raises(PlanError, match="MAITRED_FEATURES_READER=sdk"):
        open_store(msgspec.structs.replace(plan, online_store="feast:dynamodb"), "direct", Path(plan.repository))
