"""The online store under load: how often a turn asks it, and what becomes of turns while it is dead."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import redis

from features import plan
from features.redis.store import DirectRedisStore
from features.vector import ViewRow
from tests.e2e.outage_load import CLIENTS, Load, Server

BEFORE, DURING, AFTER = 200, 600, 200
"""Decisions that are answered while the store lives, while it is dead, and when it is back."""
TURNS = 100
READS, WRITES = {"HGETALL", "HMGET", "HGET"}, {"EVAL", "EVALSHA", "HSET", "HDEL", "EXPIRE"}
PATIENT_S = 5.0


@dataclass(slots=True)
class Turns(Load):
    """Bots that remember when each of their turns began and ended."""

    turns: list[tuple[float, float, dict[str, Any]]] = field(default_factory=list)

    async def _turn(self, client: httpx.AsyncClient, decision_id: str, session_id: str) -> None:
        who = {"session_id": session_id, "user_id": f"user-of-{session_id}", "consent": True}
        began = time.monotonic()
        answer = await self._post(client, "/v1/decisions", {"placement": "greeting", **who}, 200)
        if answer is not None:
            self.turns.append((began, time.monotonic(), {**answer, "session_id": session_id}))


@pytest.fixture
def server(redis_server: str, tmp_path: Path) -> Iterator[Server]:
    """A Redis of the test's own, which keeps everything."""
    folder = tmp_path / "redis"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with closing(Server(redis_server, folder, port)) as server:
        yield server


@pytest.fixture
def service(server: Server, tmp_path: Path, make_deployment: Callable[..., Any]) -> Iterator[Any]:
    """A deployment whose features are in that Redis, and whose journal is not."""
    made = make_deployment(tmp_path / "home")
    path = made.home / "features" / "plan.json"
    plan.save(msgspec.structs.replace(plan.load(path), online_store=server.url), path)
    made.environment["MAITRED_FEATURES_DEADLINE_MS"] = str(PATIENT_S * 1_000)
    made.start("--no-learner")
    yield made
    made.close()


def unread(answer: dict[str, Any]) -> set[str]:
    return {part for part in answer["degraded"] if part.startswith("features:")}


def session_rows(service: Any, server: Server, sessions: list[str]) -> list[ViewRow]:
    async def read() -> list[ViewRow]:
        planned = plan.load(service.home / "features" / "plan.json")
        store = DirectRedisStore(planned, server.url, timeout_s=PATIENT_S)
        rows = [(await store.read({"session_id": session}))["session_state"] for session in sessions]
        await store.close()
        return rows

    return asyncio.run(read())


def test_a_store_that_is_killed_fails_no_answer_marks_each_that_did_without_and_forgets_no_turn(
    service: Any, server: Server
) -> None:
    moments: list[float] = []

    async def direct(load: Turns) -> None:
        await load.until(lambda: len(load.turns) >= BEFORE)
        server.kill()
        moments.append(time.monotonic())
        await load.until(lambda: len(load.turns) >= BEFORE + DURING)
        moments.append(time.monotonic())
        server.start()
        await load.until(lambda: not any(unread(answer) for *_, answer in load.turns[-4 * CLIENTS :]))
        back = len(load.turns)
        await load.until(lambda: len(load.turns) >= back + AFTER)

    load = Turns(f"http://127.0.0.1:{service.port}")
    asyncio.run(load.run(direct))
    killed, started = moments
    assert load.failures == []
    assert not any(unread(answer) for _, ended, answer in load.turns if ended < killed - PATIENT_S)
    without = [answer for began, ended, answer in load.turns if began > killed and ended < started]
    assert len(without) > DURING / 2
    assert all(unread(answer) >= {"features:session_state"} for answer in without)
    assert not any(unread(answer) for *_, answer in load.turns[-AFTER:])
    sessions = [f"session-{number}" for number in range(CLIENTS)]
    turns = [sum(answer["session_id"] == session for *_, answer in load.turns) for session in sessions]
    assert [row.values["turn"] for row in session_rows(service, server, sessions)] == turns


def test_a_turn_asks_the_store_twice_at_most_and_writes_once_at_most(service: Any, server: Server) -> None:
    with redis.Redis.from_url(server.url) as marker, marker.monitor() as monitor:
        for turn in range(TURNS):
            service.ask("greeting", session_id=f"s{turn % 7}", user_id="ada", consent=True)
            marker.echo(f"turn-{turn}")
            asked = list(commands_until(monitor, f"turn-{turn}"))
            assert 1 <= sum(command in READS for command in asked) <= 2, asked
            assert sum(command in WRITES for command in asked) == 1, asked
            assert set(asked) <= READS | WRITES, asked


def commands_until(monitor: Any, mark: str) -> Iterator[str]:
    """What clients sent; not what scripts do, nor connections being made."""
    for entry in monitor.listen():
        if mark in entry["command"]:
            return
        command = entry["command"].split()[0].upper()
        if entry["client_type"] != "lua" and command not in ("CLIENT", "HELLO", "SELECT", "ECHO"):
            yield command
