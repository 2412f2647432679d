"""A cluster's nodes come and go: redirections are followed, who has a slot is learned anew, others go on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any

import hiredis
import pytest
from redis.crc import key_slot

from features.clock import wall_clock
from features.entity_key import EntityKeys
from features.plan import Plan
from features.redis.cluster import RedisClusterLink
from features.redis.link import Address, Asked, pack
from features.redis.open import cluster_addresses, open_link
from features.redis.slots import SLOTS, NodeName, Redirection, owners_of, redirection, slot_of
from features.redis.store import DirectRedisStore
from tests.cluster import Cluster
from tests.rows import put

HERE = NodeName("10.0.0.1", 6379)
GET = Asked(b"k", pack("GET", "k"))
PATIENT_S = 5.0


@pytest.mark.parametrize("key", [b"", b"foo", b"{user}a", b"{}a", b"a{b}{c}", b"{a", b"a}{b}", bytes(range(256))])
def test_slots_are_redis_own(key: bytes) -> None:
    assert slot_of(key) == key_slot(key)


def test_who_has_which_slot() -> None:
    owners = owners_of([[0, 99, [b"h", 1, b"id"], [b"replica", 2, b"id"]], [200, SLOTS - 1, [b"", 3, b"id"]]], HERE)
    assert (owners[0], owners[99], owners[100]) == (NodeName("h", 1), NodeName("h", 1), None)
    assert owners[-1] == NodeName("10.0.0.1", 3), "a node without a name is the one that was asked"
    assert len(owners) == SLOTS


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("MOVED 7 h:1", Redirection(True, 7, NodeName("h", 1))),
        ("ASK 7 ::1:2", Redirection(False, 7, NodeName("::1", 2))),
        ("MOVED 7 :3", Redirection(True, 7, NodeName("10.0.0.1", 3))),
        ("LOADING try later", None),
        ("CLUSTERDOWN", None),
    ],
)
def test_redirections(error: str, expected: Redirection | None) -> None:
    assert redirection(error, HERE) == expected


def test_a_clusters_url_names_nodes_and_how_to_enter() -> None:
    first, second = cluster_addresses("rediss+cluster://me:s%40e@a:1,b:2")
    assert first == Address("a", 1, 0, "me", "s@e", tls=True)
    assert (second.host, second.port, second.password) == ("b", 2, "s@e")
    assert isinstance(open_link("redis+cluster://a:1,b:2"), RedisClusterLink)


class FakeNode:
    """Answers every command by ``answer``."""

    def __init__(self, answer: Callable[[list[bytes]], bytes]) -> None:
        self.answer, self.asked = answer, list[list[bytes]]()
        self.port = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FakeNode]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        yield self
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parser = hiredis.Reader()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(4_096):
                parser.feed(data)
                while (command := parser.gets()) is not False:
                    self.asked.append(command)
                    writer.write(self.answer(command))
        writer.close()


@pytest.mark.parametrize("kind", ["MOVED", "ASK"])
def test_a_redirection_is_followed_once(kind: str) -> None:
    async def scenario() -> None:
        new = FakeNode(lambda command: b"+OK\r\n" if command == [b"ASKING"] else b"$5\r\nvalue\r\n")
        async with new.running():
            moved = b"-%b %d 127.0.0.1:%d\r\n" % (kind.encode(), slot_of(b"k"), new.port)
            old = FakeNode(lambda command: all_at(old.port) if command[0] == b"CLUSTER" else moved)
            async with old.running():
                link = open_link(f"redis+cluster://127.0.0.1:{old.port}", PATIENT_S)
                assert await link.ask([GET]) == [b"value"]
                assert new.asked == ([[b"ASKING"]] if kind == "ASK" else []) + [[b"GET", b"k"]]
                new.answer = lambda command: moved
                with pytest.raises(OSError, match="redis: "):
                    await link.ask([GET])
                await link.close()

    asyncio.run(scenario())


def all_at(port: int) -> bytes:
    """The answer to ``CLUSTER SLOTS``."""
    return b"*1\r\n*3\r\n:0\r\n:%d\r\n*3\r\n$9\r\n127.0.0.1\r\n:%d\r\n$2\r\nid\r\n" % (SLOTS - 1, port)


def test_a_cluster_of_which_nobody_answers_is_an_error() -> None:
    async def scenario() -> None:
        link = open_link("redis+cluster://127.0.0.1:1,127.0.0.1:2")
        with pytest.raises(OSError, match=r".*"):
            await link.ask([GET])
        await link.close()

    asyncio.run(scenario())


def test_a_dead_master_fails_its_own_rows_alone_until_its_replica_takes_over(
    plan: Plan, run_cluster: Callable[[], AbstractContextManager[Cluster]]
) -> None:
    with run_cluster() as cluster:
        asyncio.run(failover(plan, cluster))


async def failover(plan: Plan, cluster: Cluster) -> None:
    store = DirectRedisStore(plan, f"redis+cluster://{cluster.addresses}", timeout_s=PATIENT_S)
    sessions = [f"s{number}" for number in range(60)]
    now_us = wall_clock()
    for session in sessions:
        assert await put(store, "session_state", session, {"turn": 1}, timestamp_us=now_us)
    dead = cluster.master(redis_key(plan, sessions[0]))
    theirs = {session for session in sessions if cluster.master(redis_key(plan, session)) is dead}
    dead.kill()
    errors = {session for session in sessions if (await row(store, session)).freshness == "error"}
    assert errors
    assert errors <= theirs < set(sessions)
    await asyncio.to_thread(cluster.wait_for_another_master, redis_key(plan, sessions[0]), dead)
    async with asyncio.timeout(30.0):
        while not all([(await row(store, session)).freshness == "fresh" for session in sessions]):
            await asyncio.sleep(0.05)
    for session in sessions:
        assert await put(store, "session_state", session, {"turn": 2}, timestamp_us=now_us + 1, expected_us=now_us)
    await store.close()


def redis_key(plan: Plan, session: str) -> str:
    return (EntityKeys("session_id").key(session) + plan.definitions.project.encode()).decode()


async def row(store: Any, session: str) -> Any:
    return (await store.read({"session_id": session}))["session_state"]
