"""Where decisions wait that close much later: whatever keeps them, they come back as they were, soonest first."""

from __future__ import annotations

import random
import sqlite3
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.corrections import Heard
from engine.errors import ParkingError
from engine.join import Joiner
from engine.journal.base import Stored
from engine.open_decision import EarlyReward, OpenDecision
from engine.parking import MemoryParking, Parking
from engine.sqlite_parking import SqliteParking
from tests.engine.join_words import TICK, catalogue, decision, outcome, placement

DAY_US = 86_400_000_000


@pytest.fixture(params=["memory", "sqlite"])
def parking(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Parking]:
    if request.param == "memory":
        yield MemoryParking()
        return
    on_disk = SqliteParking(tmp_path)
    yield on_disk
    on_disk.close()


def parked(id: str, closes_us: int, position: int) -> OpenDecision:
    return OpenDecision(
        id=id,
        placement="offer",
        catalogue="c",
        position=position,
        since=position,
        closes_us=closes_us,
        cost=0.5,
        why="",
        unseen=False,
    )


def test_what_was_parked_comes_back_as_it_was(parking: Parking) -> None:
    full = parked("d", 9, 3)
    full.since, full.unseen, full.why = 2, True, "group"
    full.heard = {"b": Heard(1.5, True), "a\n": Heard(None, False, "b"), "c": Heard(0.1, corrects="b")}
    full.early, full.early_due = EarlyReward(5, 4, -0.25, 2), True
    before = (full.next, list(full.heard))
    parking.put([full])
    found = parking.take("d")
    assert found == full
    assert found is not None
    assert (found.next, list(found.heard)) == before
    assert (len(parking), parking.take("d")) == (0, None)


def test_the_soonest_come_first_and_among_equals_those_decided_first(parking: Parking) -> None:
    decisions = [parked(str(n), closes_us=n % 7, position=n) for n in range(1, 50)]
    random.Random(1).shuffle(decisions)
    parking.put(decisions[:20])
    parking.put(decisions[20:])
    assert (len(parking), parking.soonest, parking.oldest) == (49, (0, 1, 7), 1)
    taken = [*parking.take_soonest(10), *parking.take_soonest(100)]
    assert [each.next for each in taken] == sorted(each.next for each in decisions)
    assert (len(parking), parking.soonest, parking.oldest, parking.take_soonest(1)) == (0, None, None, [])


def test_what_is_due_early_comes_before_what_closes(parking: Parking) -> None:
    quick, slow = parked("quick", 9, 1), parked("slow", 9, 2)
    slow.early, slow.early_due = EarlyReward(3, 5, 1.0, 1), True
    parking.put([quick, slow])
    assert parking.soonest == (3, 0, 5)
    assert [each.id for each in parking.take_soonest(2)] == ["slow", "quick"]


def test_one_taken_out_is_soonest_no_more(parking: Parking) -> None:
    parking.put([parked("a", 1, 1), parked("b", 2, 2)])
    parking.take("a")
    assert (parking.soonest, parking.oldest, len(parking)) == ((2, 1, 2), 2, 1)


def test_there_is_no_file_before_something_is_parked_and_none_with_a_name_after(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    on_disk = SqliteParking(folder)
    assert (len(on_disk), on_disk.take("a"), on_disk.take_soonest(5), on_disk.soonest) == (0, None, [], None)
    assert not folder.exists()
    on_disk.put([parked("a", 1, 1)])
    assert list(folder.iterdir()) == []
    on_disk.close()
    assert len(on_disk) == 0


def test_two_do_not_see_each_others_decisions(tmp_path: Path) -> None:
    one, other = SqliteParking(tmp_path), SqliteParking(tmp_path)
    one.put([parked("a", 1, 1)])
    assert (other.take("a"), len(one)) == (None, 1)


def test_a_disk_that_takes_nothing_is_a_parking_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ParkingError, match="cannot be parked"):
        SqliteParking(tmp_path / "file").put([parked("a", 1, 1)])
    on_disk = SqliteParking(tmp_path)
    on_disk.put([parked("a", 1, 1)])
    with pytest.raises(ParkingError) as raised:
        on_disk.put([parked("a", 1, 1)])
    assert isinstance(raised.value.__cause__, sqlite3.Error)


def test_a_window_of_ninety_days_takes_no_more_memory_for_more_decisions(tmp_path: Path) -> None:
    """Whole decisions in memory would take some 600 bytes each: 7 MB for those that come after the first measure."""
    spec = placement(window="90d", aggregation="sum")
    joiner = Joiner(parking=SqliteParking(tmp_path), most_in_memory=1_000)
    joiner.observe(Stored(1, 0, catalogue(spec)))
    rng, position, sizes = random.Random(1), 1, []
    tracemalloc.start()
    for n in range(15_000):
        about = str(rng.randrange(n + 1))
        for record in (decision(spec, str(n)), outcome("click", 1.0, id="o", about=about)):
            position += 1
            joiner.observe(Stored(position, n * 60_000_000, record))
        if n % 3_000 == 2_999:
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert joiner.open_count == 15_000
    assert max(sizes[1:]) - sizes[0] < 1_000_000
    joiner.observe(Stored(position + 1, 200 * DAY_US, TICK))
    assert [settlement.decision_id for settlement in joiner.pending()] == [str(n) for n in range(8_192)]
