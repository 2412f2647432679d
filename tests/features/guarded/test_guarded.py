"""Nobody waits for features: what was read last stands in, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from features.assemble import assemble
from features.guarded.failing import FAILURES, Breaker
from features.guarded.store import Fate, GuardedStore
from features.memory import MemoryStore
from features.plan import PlannedFeature, PlannedView
from features.vector import ViewRow
from tests.rows import put

USER = {"user_id": "u"}
VIEWS = tuple(
    PlannedView(name=name, kind="push", join_key=key, features=(PlannedFeature(name="visits", type="int", default=0),))
    for name, key in (
        ("user_profile", "user_id"),
        ("user_activity", "user_id"),
        ("session_state", "session_id"),
    )
)


class Hanging(MemoryStore):
    """Does not answer while ``hangs`` is set; counts how often it was asked."""

    hangs = False
    asked = 0

    async def read(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        rows = await super().read(keys)
        return {view.name: rows[view.name] for view in VIEWS if view.name in rows}


class Counted:
    def __init__(self) -> None:
        self.counts: list[tuple[int, int]] = []

    def count_unread(self, views: int, *, remembered: int) -> None:
        self.counts.append((views, remembered))

    def count_unsent(self, rows: int, fate: Fate) -> None:
        raise AssertionError((rows, fate))


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def filled() -> Hanging:
    store = Hanging()
    asyncio.run(put(store, "user_activity", "u", {"visits": 3}, timestamp_us=10**16))
    return store


@pytest.mark.parametrize("how", ["hangs", "down"])
def test_what_was_read_last_stands_in_and_what_never_was_is_an_error(how: str) -> None:
    store, watch = filled(), Counted()
    guarded = GuardedStore(store, VIEWS, deadline_ms=5, watch=watch)

    async def scenario() -> tuple[dict[str, ViewRow], ...]:
        before = await guarded.read(USER)
        setattr(store, how, True)
        return before, await guarded.read(USER), await guarded.read({"user_id": "v", "session_id": "s"})

    before, known, unknown = asyncio.run(scenario())
    assert before["user_activity"].freshness == "fresh"
    assert known["user_activity"] == ViewRow({"visits": 3}, 10**16, "stale", remembered=True)
    assert known["user_profile"].freshness == "error", "that there was none may have changed"
    assert {row.freshness for row in unknown.values()} == {"error"}
    assert unknown.keys() == {"user_profile", "user_activity", "session_state"}
    assert watch.counts == [(2, 1), (3, 0)]


def test_a_store_that_failed_five_times_is_spared_but_for_one_probe_a_second() -> None:
    store, clock = filled(), Seconds()
    guarded = GuardedStore(store, VIEWS, deadline_ms=5, now=clock)

    async def scenario() -> None:
        await guarded.read(USER)
        store.hangs, store.asked = True, 0
        for _ in range(3 * FAILURES):
            await guarded.read(USER)
        assert store.asked == FAILURES
        clock.now += 1.5
        await asyncio.gather(*(guarded.read(USER) for _ in range(4)))
        assert store.asked == FAILURES + 1
        clock.now += 1.5
        store.hangs = False
        assert (await guarded.read(USER))["user_activity"].freshness == "fresh"
        assert await put(guarded, "user_activity", "u", {}, timestamp_us=10**16 + 1, expected_us=10**16)

    asyncio.run(scenario())


def test_failures_that_are_not_in_a_row_open_nothing() -> None:
    breaker = Breaker()
    for _ in range(10):
        for _ in range(FAILURES - 1):
            breaker.failed()
        assert not breaker.is_open
        breaker.succeeded()


def test_no_more_is_remembered_than_was_asked_for() -> None:
    store = Hanging()
    guarded = GuardedStore(store, VIEWS, deadline_ms=5, remembered=2)

    async def scenario() -> list[str]:
        for name in "abc":
            await put(store, "user_activity", name, {"visits": 1}, timestamp_us=10**16)
            await guarded.read({"user_id": name})
        store.down = True
        return [(await guarded.read({"user_id": name}))["user_activity"].freshness for name in "abc"]

    assert asyncio.run(scenario()) == ["error", "stale", "stale"]


def test_a_decision_without_its_rows_says_which(plan) -> None:
    rows = {"user_activity": ViewRow({"visits": 3}, 1, "stale", remembered=True)}
    vector = assemble(plan, None, {**rows, "user_profile": ViewRow({}, None, "error")}, {}, 10**15)
    assert vector.unread == ("user_activity", "user_profile")
    assert vector.values["user_activity.visits"] == 3
