"""How long does it take to read the features of one decision from the embedded store, by a bare ``SELECT``?"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from benchmarks.feast_itself import feast_reading
from benchmarks.people import STORED_FEATURES, keys_of, write_rows
from benchmarks.question import Answer
from benchmarks.rounds import Round, Rounds, computing, in_turns
from benchmarks.size import Size
from benchmarks.without_waiting import result_of
from features.embedded.store import DirectSqliteStore
from features.entity_key import EntityKeys
from features.plan import Plan, load
from features.repository import plan_path

PROMISE_US = 50.0
SELECT = "SELECT view, timestamp_us, body FROM online_row WHERE project = ? AND entity IN (?, ?)"


def measure(home: Path, size: Size) -> list[Answer]:
    """One line: microseconds of ``FeatureStore.read`` for a user and a session."""
    plan = load(plan_path(home))
    path = Path(plan.online_store.removeprefix("sqlite:///"))
    with asyncio.Runner() as runner, feast_reading(home, size, {}) as feast:
        store = DirectSqliteStore(plan, path)
        runner.run(write_rows(store, size.users, sessions_only=True))
        rows = result_of(store.read(keys_of(0)))
        if any(row.freshness != "fresh" for row in rows.values()):
            raise RuntimeError(f"not every row is there: {rows}")
        sides = {
            "ours": computing(lambda number: result_of(store.read(keys_of(number % size.users))), size.calls),
            "select": _select(plan, path, size),
            "feast": feast,
        }
        rounds = in_turns(sides, size.rounds)
        runner.run(store.close())
    return [_answer(rounds)]


def _answer(rounds: Rounds) -> Answer:
    ours, select, feast = (rounds.median(side) for side in ("ours", "select", "feast"))
    return Answer(
        f"features of one decision, embedded: user and session, {STORED_FEATURES} features",
        f"≤ {PROMISE_US:g} µs",
        f"{ours:.0f} µs",
        ours <= PROMISE_US,
        f"{rounds.ratio('ours', 'select'):.1f} × the bare SELECT of the same rows ({select:.0f} µs); "
        f"Feast's own call {feast:,.0f} µs, {rounds.ratio('feast', 'ours'):.0f} × ours",
        {"ours_us": ours, "select_us": select, "feast_us": feast},
    )


def _select(plan: Plan, path: Path, size: Size) -> Round:
    """The rows' bytes, found and fetched but not decoded, on a connection like the store's."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA mmap_size = 268435456")
    project = plan.definitions.project
    users, sessions = EntityKeys("user_id"), EntityKeys("session_id")
    keys = [(project, users.key(f"u{n}"), sessions.key(f"s{n}")) for n in range(size.users)]
    return computing(lambda number: connection.execute(SELECT, keys[number % size.users]).fetchall(), size.calls)
