"""One compare-and-set per change: nothing lost to others, nothing raised when the store is down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from features.changes import Decided, Happened, Rewarded
from features.memory import MemoryStore
from features.state import ATTEMPTS, StateWriter
from features.vector import ERROR_ROW, FeatureStore, RowChange, ViewRow

NOW_US = 1_790_000_000_000_000
TURN = Decided((("offer", "ten_percent"),))


class Rival(MemoryStore):
    """Somebody else always writes first, ``wins`` times."""

    def __init__(self, wins: int) -> None:
        super().__init__(lambda: NOW_US)
        self.wins = wins

    async def write(self, changes: Sequence[RowChange]) -> list[bool]:
        if self.wins:
            self.wins -= 1
            [view, key, *_] = changes[0]
            row = (await self.read({"session_id": key}))[view]
            clicks = {**row.values, "clicks": int(row.values.get("clicks", 0)) + 1}
            now_us = (row.timestamp_us or NOW_US) + 10
            await super().write([RowChange(view, key, clicks, now_us, row.timestamp_us, now_us)])
        return await super().write(changes)


def state(store: FeatureStore, session_id: str = "s") -> ViewRow:
    return asyncio.run(store.read({"session_id": session_id}))["session_state"]


def apply(store: FeatureStore, change: Any = TURN, row: ViewRow | None = None) -> bool:
    rows = None if row is None else {"session_state": row}
    return asyncio.run(StateWriter(store, lambda: NOW_US).apply({"session_id": "s"}, change, rows))


def test_a_change_is_there_for_the_next_turn() -> None:
    store = MemoryStore(lambda: NOW_US)
    assert apply(store)
    assert state(store).values["turn"] == 1
    assert state(store).timestamp_us == NOW_US


def test_timestamps_increase_even_if_the_clock_does_not() -> None:
    store = MemoryStore(lambda: NOW_US)
    for turn in range(1, 4):
        assert apply(store, row=state(store))
        assert state(store).timestamp_us == NOW_US + turn - 1


@pytest.mark.parametrize("wins", [1, ATTEMPTS - 1])
def test_a_lost_race_is_run_again_on_top_of_what_the_others_wrote(wins: int) -> None:
    store = Rival(wins)
    assert apply(store)
    assert state(store).values["turn"] == 1
    assert state(store).values["clicks"] == wins


def test_after_so_many_lost_races_the_change_is_given_up() -> None:
    store = Rival(ATTEMPTS)
    assert not apply(store)
    assert state(store).values == {"clicks": ATTEMPTS}


def test_a_row_read_too_early_is_read_again() -> None:
    store = MemoryStore(lambda: NOW_US)
    early = state(store)
    assert apply(store, Happened("click", {}))
    assert apply(store, TURN, row=early)
    assert {"turn": 1, "clicks": 1}.items() <= state(store).values.items()


def test_a_store_that_is_down_is_told_not_raised() -> None:
    store = MemoryStore(lambda: NOW_US)
    early = state(store)
    store.down = True
    assert not apply(store)
    assert not apply(store, row=early)
    assert not apply(store, row=ERROR_ROW)
    store.down = False
    assert state(store) == early


def test_many_writers_of_one_session_lose_nothing(store: FeatureStore, run: Callable[..., Any]) -> None:
    session_id = f"crowded-{id(store)}"
    writers = [StateWriter(store) for _ in range(3)]

    async def crowd() -> list[bool]:
        return await asyncio.gather(*(w.apply({"session_id": session_id}, Happened("click", {})) for w in writers))

    assert all(run(crowd()))
    row = run(store.read({"session_id": session_id}))["session_state"]
    assert row.values["clicks"] == len(writers)


BOTH = {"session_id": "s", "user_id": "u"}


class Counting(MemoryStore):
    """Knows how often it was written to."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW_US)
        self.commands: list[list[str]] = []

    async def write(self, changes: Sequence[RowChange]) -> list[bool]:
        self.commands.append([change.view for change in changes])
        return await super().write(changes)


def exposure(store: FeatureStore) -> dict[str, Any]:
    return dict(asyncio.run(store.read({"user_id": "u"}))["user_exposure"].values)


def follow(store: FeatureStore, change: Any, **more: Any) -> bool:
    return asyncio.run(StateWriter(store, lambda: NOW_US).apply(BOTH, change, **more))


def test_a_turn_changes_session_and_exposure_in_one_command() -> None:
    store = Counting()
    assert follow(store, TURN)
    assert store.commands == [["session_state", "user_exposure"]]
    assert state(store).values["turn"] == 1
    assert exposure(store)["total_shown"] == 1


def test_what_changes_nothing_about_the_user_leaves_their_row_alone() -> None:
    store = Counting()
    assert follow(store, Happened("Page Viewed", {"page": "home"}))
    assert store.commands == [["session_state"]]


def test_a_response_is_remembered_beyond_its_session() -> None:
    store = MemoryStore(lambda: NOW_US)
    assert follow(store, Rewarded("accepted", 1.0))
    assert (exposure(store)["total_accepted"], exposure(store)["seen_response"]) == (1, "accepted")
    assert follow(store, Rewarded("accepted", 0.0))
    assert exposure(store)["total_accepted"] == 1


def test_of_two_rows_only_the_one_that_lost_is_written_again() -> None:
    store = Counting()
    early = asyncio.run(store.read(BOTH))
    assert asyncio.run(StateWriter(store, lambda: NOW_US).apply({"user_id": "u"}, TURN))
    assert follow(store, TURN, rows=early)
    assert store.commands[1:] == [["session_state", "user_exposure"], ["user_exposure"]]
    assert state(store).values["turn"] == 1
    assert exposure(store)["total_shown"] == 2


def test_a_row_that_could_not_be_read_keeps_no_other_from_being_written() -> None:
    store = MemoryStore(lambda: NOW_US)
    rows = {**asyncio.run(store.read(BOTH)), "user_exposure": ERROR_ROW}
    assert not follow(store, TURN, rows=rows)
    assert state(store).values["turn"] == 1
    assert exposure(store) == {}


def test_whoever_was_erased_since_the_turn_began_stays_erased() -> None:
    store = MemoryStore(lambda: NOW_US)
    rows = asyncio.run(store.read(BOTH))
    asyncio.run(store.erase({"user_id": "u"}, NOW_US - 5))
    assert follow(store, TURN, rows=rows, began_us=NOW_US - 9)
    assert exposure(store) == {}
    assert follow(store, TURN, began_us=NOW_US)
    assert exposure(store)["total_shown"] == 1


def test_a_repository_without_such_views_has_nothing_to_follow() -> None:
    store = Counting()
    assert follow(store, TURN, rows={})
    assert store.commands == []
