"""Retention: what a cut removes, what it leaves, and how it can be broken off."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import closing

import pytest

from engine.errors import JournalError
from engine.journal.base import Journal, Stored
from engine.journal.cut import CUT_RECORDS
from engine.journal.open import open_journal
from engine.records.schema import ControlRecord, EventRecord, OutcomeRecord, ShownRecord, TickRecord
from tests.contract.backends import SettableClock, outcome

CONTROL = ControlRecord(action="publish", placement="p", version="1", payload={"size": 1})
CUTTER = "import sys; from engine.journal.open import open_journal; open_journal(sys.argv[1]).cut(int(sys.argv[2]))"


@pytest.fixture
def filled(journal: Journal) -> Journal:
    """Seven records; the control record is the third."""
    journal.append([outcome("a"), ShownRecord(decision_id="d"), CONTROL, TickRecord()])
    journal.append([EventRecord(id="e", key_ref="r", sealed=b""), outcome("b"), outcome("c", decision_id="other")])
    return journal


def positions(stored: list[Stored]) -> list[int]:
    return [each.position for each in stored]


def test_everything_up_to_the_cut_goes_but_control_records(filled: Journal) -> None:
    kept = filled.read(5, 10)
    assert filled.cut(5) == 4
    assert filled.cut_position() == 5
    assert filled.read(0, 10)[:3] == [Stored(3, 1_000_000, CONTROL), *kept]
    said = filled.read(7, 10)
    assert positions(said) == [8]
    assert said[0].record == ControlRecord(action="cut", placement="*", version="5", payload={"position": 5})
    assert filled.last_position() == 8


@pytest.mark.parametrize("after", range(9))
def test_reading_resumes_from_any_position_also_from_one_that_is_gone(filled: Journal, after: int) -> None:
    filled.cut(5)
    left = [3, 6, 7, 8]
    assert positions(filled.read(after, 10)) == [position for position in left if position > after]
    assert positions(filled.read(after, 1)) == [position for position in left if position > after][:1]


def test_what_is_gone_is_not_found_and_what_is_left_is(filled: Journal) -> None:
    filled.cut(5)
    assert filled.find("outcome", "d/a") is None
    assert filled.find("event", "e") is None
    assert positions(filled.about("d")) == [6]
    assert positions(filled.about("other")) == [7]
    kept, control = filled.find("outcome", "d/b"), filled.find("control", "publish/p/1")
    assert kept is not None
    assert control is not None
    assert (kept.position, control.position) == (6, 3)
    filled.cut(8)
    assert filled.about("d") == []
    assert positions(filled.read(0, 10)) == [3, 8, 9]


def test_with_a_record_its_idempotency_key_goes(filled: Journal) -> None:
    filled.cut(5)
    again = filled.append([outcome("a"), outcome("b"), CONTROL])
    assert [(place.position, place.duplicate) for place in again] == [(9, False), (6, True), (3, True)]
    assert positions(filled.about("d")) == [6, 9]
    filled.cut(5)
    assert filled.find("outcome", "d/a") is not None, "what came later is none of this cut's business"


def test_the_same_cut_again_changes_nothing_and_a_smaller_one_takes_nothing_back(filled: Journal) -> None:
    filled.cut(5)
    assert filled.cut(5) == 0
    assert filled.last_position() == 8
    assert filled.cut(2) == 0
    assert filled.cut_position() == 5
    assert positions(filled.read(0, 10)) == [3, 6, 7, 8, 9]


@pytest.mark.parametrize("position", [-1, 0, 8])
def test_a_position_that_is_none_is_refused_and_nothing_is_cut(filled: Journal, position: int) -> None:
    with pytest.raises(JournalError, match="cut: there"):
        filled.cut(position)
    assert positions(filled.read(0, 10)) == [1, 2, 3, 4, 5, 6, 7]
    assert filled.cut_position() == 0


def test_all_of_it_can_be_cut_and_positions_go_on(filled: Journal, clock: SettableClock) -> None:
    clock.now_us += 1
    assert filled.cut(7) == 6
    clock.now_us -= 1
    (place,) = filled.append([TickRecord()])
    assert (place.position, place.time_us) == (9, 1_000_001)


def test_others_append_and_read_while_it_is_cut(journal: Journal) -> None:
    many = 3 * CUT_RECORDS + 1
    journal.append([TickRecord() for _ in range(many)])
    cut = threading.Event()

    def write() -> list[int]:
        return [journal.append([TickRecord()])[0].position for _ in iter(cut.is_set, True)]

    writer = threading.Thread(target=write)
    writer.start()
    assert journal.cut(many) == many
    cut.set()
    writer.join()
    left = journal.read(0, 100_000)
    assert positions(left) == list(range(many + 1, journal.last_position() + 1))


def test_a_cut_that_is_killed_anywhere_is_completed_by_the_next(url: str) -> None:
    many = 4 * CUT_RECORDS
    with closing(open_journal(url)) as journal:
        for start in range(0, many, CUT_RECORDS):
            journal.append([outcome(str(i)) for i in range(start, start + CUT_RECORDS)])
        journal.append([CONTROL, outcome("young")])
        with subprocess.Popen([sys.executable, "-c", CUTTER, url, str(many)]) as cutter:
            while journal.cut_position() == 0 or journal.read(0, 1)[0].position == 1:
                assert cutter.poll() in (None, 0)
            cutter.kill()
        half = journal.read(0, 2 * many)
        assert positions(half)[-3:] == [many + 1, many + 2, many + 3]
        removed = journal.cut(many)
        assert removed == len(half) - 3
        assert positions(journal.read(0, 10)) == [many + 1, many + 2, many + 3]
        assert journal.find("outcome", "d/0") is None
        assert [stored.record for stored in journal.about("d")] == [outcome("young")]


def test_a_cut_outlives_its_process(url: str) -> None:
    with closing(open_journal(url)) as journal:
        journal.append([outcome("a"), outcome("b")])
        journal.cut(1)
    with closing(open_journal(url)) as journal:
        assert journal.cut_position() == 1
        kinds = [type(stored.record) for stored in journal.read(0, 10)]
        assert kinds == [OutcomeRecord, ControlRecord]
