"""How many raw round trips does it take to read the features of one decision from Redis?"""

from __future__ import annotations

import asyncio
import socket
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import hiredis
import msgspec
import uvloop

from benchmarks.feast_itself import feast_reading
from benchmarks.home import running_redis
from benchmarks.people import STORED_FEATURES, keys_of, write_rows
from benchmarks.question import Answer
from benchmarks.rounds import Round, Rounds, in_turns
from benchmarks.size import Size
from features.entity_key import EntityKeys
from features.plan import Plan, load
from features.redis.link import pack
from features.redis.store import DirectRedisStore
from features.repository import plan_path

PROMISE = 2.0
PROMISE_TOGETHER = 0.5
TOGETHER = 64
PATIENT_S = 5.0
CHUNK = 65_536


def measure(home: Path, size: Size) -> list[Answer]:
    """Two lines: one read after the other, and many at once on the same connection."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_redis(Path(folder)) as port,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        feast_reading(home, size, {"MAITRED_FEATURES_REDIS": f"127.0.0.1:{port}"}) as feast,
        socket.create_connection(("127.0.0.1", port)) as raw,
    ):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        url = f"redis://127.0.0.1:{port}/0"
        plan = msgspec.structs.replace(load(plan_path(home)), online_store=url)
        store = DirectRedisStore(plan, url, timeout_s=PATIENT_S)
        unknown = DirectRedisStore(plan, url, timeout_s=PATIENT_S, decoded=0)
        runner.run(write_rows(store, size.users))
        rows = runner.run(store.read(keys_of(0)))
        if any(row.freshness != "fresh" for row in rows.values()):
            raise RuntimeError(f"not every row is there: {rows}")
        commands = _commands(plan, size.users)
        sides = {
            "ours": _awaited(runner.run, lambda: _one_by_one(store, size)),
            "raw": _raw(raw, commands, size.calls, 1),
            "ours together": _awaited(runner.run, lambda: _together(store, size)),
            "new together": _awaited(runner.run, lambda: _together(unknown, size)),
            "raw together": _raw(raw, commands, size.calls, TOGETHER),
            "feast": feast,
        }
        rounds = in_turns(sides, size.rounds)
        runner.run(store.close())
        runner.run(unknown.close())
    return [_alone_answer(rounds), _together_answer(rounds)]


def _alone_answer(rounds: Rounds) -> Answer:
    ours, raw, feast = (rounds.median(side) for side in ("ours", "raw", "feast"))
    ratio = rounds.ratio("ours", "raw")
    return Answer(
        f"features of one decision, Redis: user and session, {STORED_FEATURES} features, by a raw round trip",
        f"≤ {PROMISE:g} ×",
        f"{ratio:.1f} ×",
        ratio <= PROMISE,
        f"{ours:.0f} µs by {raw:.0f} µs (one pipelined send on a blocking socket, replies parsed by hiredis, not "
        f"decoded); Feast's own call {feast:,.0f} µs, {rounds.ratio('feast', 'ours'):.0f} × ours",
        {"ours_us": ours, "raw_us": raw, "feast_us": feast, "ratio": ratio},
    )


def _together_answer(rounds: Rounds) -> Answer:
    ours, new, raw = (rounds.median(f"{side} together") for side in ("ours", "new", "raw"))
    ratio = rounds.ratio("ours together", "raw")
    return Answer(
        f"the same, {TOGETHER} decisions at once on one connection, each by a raw round trip of its own",
        f"≤ {PROMISE_TOGETHER:g} ×",
        f"{ratio:.2f} ×",
        ratio <= PROMISE_TOGETHER,
        f"{ours:.0f} µs a decision; {new:.0f} µs if every hash has changed since it was read last; {raw:.0f} µs raw, "
        f"if {TOGETHER} share a round trip there, too",
        {"ours_us": ours, "changed_us": new, "raw_together_us": raw, "ratio": ratio},
    )


def _commands(plan: Plan, users: int) -> list[bytes]:
    """The commands that our reader sends for each person, packed beforehand."""
    project = plan.definitions.project.encode()
    entities = {join_key: EntityKeys(join_key) for join_key in keys_of(0)}
    return [
        b"".join(pack("HGETALL", entities[key].key(value) + project) for key, value in keys_of(number).items())
        for number in range(users)
    ]


def _raw(raw: socket.socket, commands: list[bytes], calls: int, together: int) -> Round:
    """Round trips of ``together`` people's commands each."""
    reader = hiredis.Reader()

    def play() -> float:
        start = time.perf_counter()
        for first in range(0, calls, together):
            batch = [commands[n % len(commands)] for n in range(first, min(first + together, calls))]
            raw.sendall(b"".join(batch))
            _receive(raw, reader, 2 * len(batch))
        return (time.perf_counter() - start) / calls * 1e6

    return play


def _receive(raw: socket.socket, reader: hiredis.Reader, replies: int) -> None:
    while replies:
        reader.feed(raw.recv(CHUNK))
        while replies and reader.gets() is not False:
            replies -= 1


def _awaited(
    run: Callable[[Coroutine[Any, Any, float]], float], play: Callable[[], Coroutine[Any, Any, float]]
) -> Round:
    return lambda: run(play())


async def _one_by_one(store: DirectRedisStore, size: Size) -> float:
    start = time.perf_counter()
    for number in range(size.calls):
        await store.read(keys_of(number % size.users))
    return (time.perf_counter() - start) / size.calls * 1e6


async def _together(store: DirectRedisStore, size: Size) -> float:
    """As many bots at a time, each with one decision after the other."""

    async def bot(first: int) -> None:
        for number in range(first, size.calls, TOGETHER):
            await store.read(keys_of(number % size.users))

    start = time.perf_counter()
    await asyncio.gather(*(bot(first) for first in range(TOGETHER)))
    return (time.perf_counter() - start) / size.calls * 1e6
