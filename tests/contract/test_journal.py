"""What every journal keeps, whichever it is. A new one is added to ``backends.DURABLE``."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise

import pytest

from engine.errors import CorruptRecord, JournalError
from engine.journal.base import Journal, Stored
from engine.journal.open import open_journal
from engine.records.schema import AnyRecord, ControlRecord, EventRecord, ShownRecord, TickRecord
from tests.contract.backends import SettableClock, ids, outcome


def test_an_empty_journal_has_nothing(journal: Journal) -> None:
    assert journal.last_position() == 0
    assert journal.read(0, 10) == []
    assert journal.find("outcome", "d/o") is None
    assert journal.about("d") == []


def test_records_are_read_as_they_were_appended_and_in_order(journal: Journal, clock: SettableClock) -> None:
    records: list[AnyRecord] = [outcome("a"), TickRecord(), ShownRecord(decision_id="d"), TickRecord(), outcome("b")]
    first = journal.append(records[:2])
    clock.now_us += 5
    second = journal.append(records[2:])

    stored = journal.read(0, 10)

    assert [entry.record for entry in stored] == records
    assert [(entry.position, entry.time_us) for entry in stored] == [(a.position, a.time_us) for a in first + second]
    assert [a.time_us for a in first + second] == [1_000_000] * 2 + [1_000_005] * 3
    assert all(before.position < after.position for before, after in pairwise(stored))
    assert journal.last_position() == stored[-1].position


def test_appending_nothing_changes_nothing(journal: Journal) -> None:
    assert journal.append([]) == []
    assert journal.last_position() == 0


@pytest.mark.parametrize("count", [1, 63, 64, 65, 300])
def test_a_batch_of_any_size_keeps_its_order(journal: Journal, count: int) -> None:
    names = [f"o{i}" for i in range(count)]
    appended = journal.append([outcome(name) for name in names])
    assert ids(journal.read(0, 1_000)) == names
    assert [a.position for a in appended] == [stored.position for stored in journal.read(0, 1_000)]


def test_reading_resumes_after_a_position_and_stops_at_the_limit(journal: Journal) -> None:
    journal.append([outcome(f"o{i}") for i in range(10)])
    seen: list[Stored] = []
    while batch := journal.read(seen[-1].position if seen else 0, 3):
        assert len(batch) <= 3
        seen += batch
    assert ids(seen) == [f"o{i}" for i in range(10)]


def test_a_duplicate_is_not_appended_and_names_the_first(journal: Journal, clock: SettableClock) -> None:
    (first,) = journal.append([outcome("a", value=1.0)])
    clock.now_us += 1_000
    (again,) = journal.append([outcome("a", value=2.0)])
    assert (again.position, again.time_us, again.duplicate) == (first.position, first.time_us, True)
    assert [entry.record for entry in journal.read(0, 10)] == [outcome("a", value=1.0)]


def test_duplicates_among_new_records_and_within_one_batch(journal: Journal) -> None:
    (old,) = journal.append([outcome("old")])
    batch = [outcome("x"), outcome("old"), TickRecord(), outcome("x", value=9.0), TickRecord(), outcome("y")]

    appended = journal.append(batch)

    assert [a.duplicate for a in appended] == [False, True, False, True, False, False]
    assert appended[1].position == old.position
    assert appended[3].position == appended[0].position
    fresh = [batch[i] for i in (0, 2, 4, 5)]
    assert [entry.record for entry in journal.read(old.position, 10)] == fresh
    assert [entry.position for entry in journal.read(old.position, 10)] == [appended[i].position for i in (0, 2, 4, 5)]
    assert journal.append([outcome("z")])[0].position > appended[-1].position


def test_the_same_key_of_another_kind_is_no_duplicate(journal: Journal) -> None:
    records = [
        outcome("k", decision_id="d"),
        EventRecord(id="k", key_ref="r", sealed=b""),
        ShownRecord(decision_id="k"),
    ]
    assert not any(a.duplicate for a in journal.append(records))
    keys = {"outcome": "d/k", "event": "k", "shown": "k"}
    assert [journal.find(kind, key) for kind, key in keys.items()] == journal.read(0, 10)


def test_slashes_in_ids_make_no_duplicates(journal: Journal) -> None:
    pairs = [("a/b", "c"), ("a", "b/c"), ("a%2Fb", "c"), ("a", "b%2Fc"), ("a/", "c"), ("a", "/c")]
    told = [outcome(id, decision_id=decision) for decision, id in pairs]
    assert not any(place.duplicate for place in journal.append(told))
    assert all(place.duplicate for place in journal.append(told))
    assert [stored.record for stored in journal.about("a/b")] == [outcome("c", decision_id="a/b")]


def test_records_without_a_key_are_never_duplicates(journal: Journal) -> None:
    assert not any(a.duplicate for a in journal.append([TickRecord(), TickRecord()]) + journal.append([TickRecord()]))
    assert journal.find("tick", "") is None


def test_everything_about_a_decision_is_found_in_order(journal: Journal) -> None:
    journal.append([outcome("a", decision_id="d1"), outcome("b", decision_id="d2"), TickRecord()])
    journal.append([ShownRecord(decision_id="d1"), outcome("d1", decision_id="d2"), outcome("c", decision_id="d1")])
    about = [entry.record for entry in journal.about("d1")]
    assert about == [outcome("a", decision_id="d1"), ShownRecord(decision_id="d1"), outcome("c", decision_id="d1")]


def test_many_are_found_as_one_is(journal: Journal) -> None:
    journal.append([outcome(f"o{i}") for i in range(150)] + [ShownRecord(decision_id="d")])
    keys = [f"d/o{i}" for i in range(0, 300, 2)]
    found = journal.find_all("outcome", keys)
    assert found == {key: journal.find("outcome", key) for key in keys[:75]}
    assert journal.find_all("decision", keys) == {} == journal.find_all("outcome", [])


@pytest.mark.parametrize("key", ["", "é漢🙂", "a\0b", "x" * 5_000, "'; DROP TABLE records; --"])
def test_any_text_may_be_a_key(journal: Journal, key: str) -> None:
    journal.append([outcome(key, decision_id=key)])
    assert journal.append([outcome(key, decision_id=key)])[0].duplicate
    found = journal.find("outcome", f"{key}/{key}")
    assert found is not None
    assert journal.about(key) == [found]


def test_time_never_decreases_when_the_clock_jumps_back(journal: Journal, clock: SettableClock) -> None:
    times = []
    for now_us in (5_000, 4_000, 0, 5_001, -7, 6_000):
        clock.now_us = now_us
        times.append(journal.append([TickRecord()])[0].time_us)
    assert times == [5_000, 5_000, 5_000, 5_001, 5_001, 6_000]
    assert [entry.time_us for entry in journal.read(0, 10)] == times


def test_time_never_decreases_across_processes(url: str) -> None:
    with (
        closing(open_journal(url, clock=lambda: 9_000)) as ahead,
        closing(open_journal(url, clock=lambda: 1_000)) as behind,
    ):
        assert [j.append([TickRecord()])[0].time_us for j in (behind, ahead, behind)] == [1_000, 9_000, 9_000]


@pytest.mark.parametrize("durability", ["power", "process"])
def test_records_are_there_after_reopening(url: str, durability: str) -> None:
    with closing(open_journal(url, durability=durability)) as journal:  # type: ignore[arg-type]
        journal.append([outcome("a"), outcome("b")])
    with closing(open_journal(url)) as journal:
        assert ids(journal.read(0, 10)) == ["a", "b"]
        assert journal.append([outcome("a")])[0].duplicate


def test_a_record_without_bytes_fails_its_batch_and_appends_nothing(url: str) -> None:
    poison = ControlRecord(action="publish", placement="p", version="1", payload={"x": object()})
    with closing(open_journal(url)) as journal:
        with pytest.raises(CorruptRecord):
            journal.append([outcome("a"), poison])
        assert journal.last_position() == 0


def test_what_the_records_rely_on_is_made_durable_first_or_nothing_is(url: str) -> None:
    calls: list[int] = []

    def fail_the_second_time() -> None:
        calls.append(journal.last_position())
        if len(calls) == 2:
            raise JournalError("no room for keys")

    with closing(open_journal(url, before_commit=fail_the_second_time)) as journal:
        journal.append([outcome("a")])
        with pytest.raises(JournalError, match="no room"):
            journal.append([outcome("b")])
        journal.append([outcome("c")])
        assert ids(journal.read(0, 10)) == ["a", "c"]
    assert calls == [0, 1, 1]


def test_a_closed_journal_says_so(url: str) -> None:
    journal = open_journal(url)
    journal.close()
    with pytest.raises(JournalError):
        journal.append([TickRecord()])
    with pytest.raises(JournalError):
        journal.read(0, 1)
