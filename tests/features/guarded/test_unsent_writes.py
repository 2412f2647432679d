"""What cannot be written now is written when the store answers again: in order, within bounds, and never too late."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

import pytest

from features.changes import Happened
from features.clock import wall_clock
from features.errors import RowError
from features.guarded.failing import FAILURES
from features.guarded.store import Fate, GuardedStore
from features.guarded.unsent import Unsent
from features.memory import MemoryStore
from features.plan import PlannedFeature, PlannedView
from features.state import StateWriter
from features.vector import RowChange, ViewRow
from tests.rows import put

VIEW, KEYS = "session_state", {"session_id": "s"}
VIEWS = (
    PlannedView(
        name=VIEW,
        kind="push",
        join_key="session_id",
        features=(
            PlannedFeature(name="turn", type="int", default=0),
            PlannedFeature(name="clicks", type="int", default=0),
            PlannedFeature(name="last_event", type="string", default="none"),
        ),
    ),
)
START_US = wall_clock()


class Flaky(MemoryStore):
    """Cannot be reached, or not be written to, while so told; counts what it is asked to write."""

    read_only = False
    writes = 0

    async def read(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        return {name: row for name, row in (await super().read(keys)).items() if name == VIEW}

    async def write(self, changes: Sequence[RowChange]) -> list[bool]:
        self.writes += 1
        if self.read_only:
            await asyncio.Event().wait()
        return await super().write(changes)


class Fates:
    def __init__(self) -> None:
        self.counts: Counter[Fate] = Counter()

    def count_unread(self, views: int, *, remembered: int) -> None: ...

    def count_unsent(self, rows: int, fate: Fate) -> None:
        self.counts[fate] += rows


class Case:
    def __init__(self, most_unsent: int = 10) -> None:
        self.store, self.fates, self.seconds = Flaky(), Fates(), 0.0
        self.guarded = GuardedStore(
            self.store, VIEWS, deadline_ms=5, most_unsent=most_unsent, now=lambda: self.seconds, watch=self.fates
        )

    async def turn(self, turn: int, key: str = "s", **change: int) -> bool:
        """As a bot's turn does it: what is known is read first."""
        row = (await self.guarded.read({"session_id": key}))[VIEW]
        began_us = START_US + turn - change.get("began_earlier_us", 0)
        change_of = RowChange(VIEW, key, {"turn": turn}, START_US + turn, row.timestamp_us, began_us)
        return (await self.guarded.write([change_of]))[0]

    async def sent(self) -> None:
        """Everything that waited was offered to the store."""
        while self.guarded.unsent:
            await self.guarded.read(KEYS)
            await asyncio.sleep(0)

    async def stored(self, key: str = "s") -> ViewRow:
        return (await self.store.read({"session_id": key}))[VIEW]


def run(scenario: Callable[[Case], Awaitable[None]], **options: int) -> Case:
    case = Case(**options)

    async def whole() -> None:
        await scenario(case)
        await case.guarded.close()

    asyncio.run(whole())
    return case


@pytest.mark.parametrize("how", ["down", "read_only"])
def test_turns_of_an_outage_see_each_other_and_are_written_once_afterwards(how: str) -> None:
    async def scenario(case: Case) -> None:
        assert await case.turn(1)
        setattr(case.store, how, True)
        for turn in (2, 3, 4):
            assert await case.turn(turn)
            row = (await case.guarded.read(KEYS))[VIEW]
            assert (row.values, row.freshness, row.remembered) == ({"turn": turn}, "stale", True)
        assert case.guarded.unsent == 1
        setattr(case.store, how, False)
        case.seconds += 1.5
        assert (await case.guarded.read(KEYS))[VIEW] == ViewRow({"turn": 4}, START_US + 4, "fresh")
        assert await case.stored() == ViewRow({"turn": 4}, START_US + 4, "fresh"), "with its original time"
        assert await case.turn(5)

    assert run(scenario).fates.counts == {"kept": 3, "written": 1, "dropped": 0}


def test_a_store_that_takes_no_writes_is_spared_them_and_still_read() -> None:
    async def scenario(case: Case) -> None:
        case.store.read_only = True
        for key in range(3 * FAILURES):
            await case.turn(1, key=f"s{key}")
        assert FAILURES <= case.store.writes <= FAILURES + 1, "one may be under way already"
        assert (await case.guarded.read({"session_id": "t"}))[VIEW].freshness == "missing"
        case.store.read_only, case.seconds = False, 1.5
        await case.sent()
        assert (await case.stored("s3")).values == {"turn": 1}

    run(scenario, most_unsent=100)


def test_a_row_that_others_made_newer_is_left_alone() -> None:
    async def scenario(case: Case) -> None:
        await case.turn(1)
        case.store.down = True
        await case.turn(2)
        case.store.down = False
        await put(case.store, VIEW, "s", {"turn": 9}, timestamp_us=START_US + 9, expected_us=START_US + 1)
        assert (await case.guarded.read(KEYS))[VIEW].values == {"turn": 9}

    assert run(scenario).fates.counts == {"kept": 1, "dropped": 1}


def test_two_turns_at_once_do_not_overwrite_each_other_while_the_store_is_away() -> None:
    async def scenario(case: Case) -> None:
        writer = StateWriter(case.guarded)
        await writer.apply({"session_id": "s"}, Happened("click", {}))
        case.store.down = True
        assert all(await asyncio.gather(*(writer.apply({"session_id": "s"}, Happened("click", {})) for _ in range(3))))
        case.store.down = False
        await case.sent()
        assert (await case.stored()).values["clicks"] == 4

    run(scenario)


def test_who_was_erased_during_an_outage_is_not_brought_back_by_what_waited() -> None:
    async def scenario(case: Case) -> None:
        await case.turn(1)
        case.store.down = True
        await case.turn(2)
        case.store.down = False
        assert await case.store.erase(KEYS, wall_clock()) == 1, "by somebody else"
        case.store.down = True
        await case.turn(wall_clock() - START_US + 60_000_000)
        case.store.down = False
        await case.sent()
        assert (await case.guarded.read(KEYS))[VIEW].freshness == "missing"
        assert (await case.stored()).freshness == "missing"

    run(scenario)


def test_erasing_forgets_what_is_remembered_and_what_waits() -> None:
    async def scenario(case: Case) -> None:
        await case.turn(1)
        case.store.read_only = True
        await case.turn(2)
        assert await case.guarded.erase(KEYS, wall_clock()) == 1
        assert case.guarded.unsent == 0
        case.store.down = True
        assert (await case.guarded.read(KEYS))[VIEW].freshness == "error"

    run(scenario)


def test_no_more_waits_than_there_is_room_for() -> None:
    async def scenario(case: Case) -> None:
        case.store.down = True
        for key in "abcd":
            assert await put(case.guarded, VIEW, key, {"turn": 1}, timestamp_us=START_US)
        assert case.guarded.unsent == 3
        case.store.down = False
        await case.sent()
        assert (await case.stored("a")).freshness == "missing"
        assert (await case.stored("d")).values == {"turn": 1}

    assert run(scenario, most_unsent=3).fates.counts == {"kept": 4, "dropped": 1, "written": 3}


def test_what_waits_is_offered_once_more_at_the_end() -> None:
    async def scenario(case: Case) -> None:
        case.store.down = True
        await put(case.guarded, VIEW, "s", {"turn": 1}, timestamp_us=START_US)
        case.store.down = False

    case = run(scenario)
    assert asyncio.run(case.stored()).values == {"turn": 1}


def test_values_that_do_not_fit_are_refused_in_an_outage_too() -> None:
    async def scenario(case: Case) -> None:
        case.store.down = True
        with pytest.raises(RowError, match="turn"):
            await put(case.guarded, VIEW, "s", {"turn": "many"}, timestamp_us=START_US)

    run(scenario)


def test_the_newest_of_a_row_began_when_the_first_did() -> None:
    unsent = Unsent(VIEWS)
    for turn in (1, 2):
        unsent.keep(RowChange(VIEW, "s", {"turn": turn}, START_US + turn, None, began_us=turn))
    assert unsent.of(KEYS) == [RowChange(VIEW, "s", {"turn": 2}, START_US + 2, None, began_us=1)]
