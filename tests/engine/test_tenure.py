"""The learner's office is held by one at a time, and nobody who lost it can act as if not."""

from __future__ import annotations

import pytest

from engine.errors import Fenced
from engine.journal.memory import MemoryJournal
from engine.records.schema import TickRecord
from engine.tenure import RENEWALS, TTL_US, Tenure, own_name


class Hand:
    """A clock that a test moves; the journal's and everybody's."""

    now_us = 1_000_000

    def __call__(self) -> int:
        return self.now_us


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def journal(clock: Hand) -> MemoryJournal:
    return MemoryJournal(clock)


def candidate(journal: MemoryJournal, clock: Hand, name: str) -> Tenure:
    return Tenure(journal, name, clock=clock)


def test_a_free_office_is_taken_and_a_taken_one_is_waited_for(journal, clock):
    first, second = candidate(journal, clock, "first"), candidate(journal, clock, "second")
    assert (first.take(), second.take()) == ("first", "first")
    with pytest.raises(Fenced):
        second.epoch  # noqa: B018
    clock.now_us += TTL_US - 1
    assert second.take() == "first"
    clock.now_us += 1
    assert second.take() == "second"
    assert second.epoch == first.epoch + 1


def test_a_lease_is_renewed_often_enough_to_survive_some_failures_and_no_more_often(journal, clock):
    tenure = candidate(journal, clock, "first")
    tenure.take()
    renewed = 0
    for _ in range(100):
        clock.now_us += TTL_US // 20
        renewed += tenure.keep()
        assert candidate(journal, clock, "second").take() == "first"
    assert 100 / 20 * RENEWALS * 0.7 <= renewed <= 100 / 20 * RENEWALS


def test_who_overslept_keeps_the_office_if_nobody_wanted_it(journal, clock):
    tenure = candidate(journal, clock, "first")
    tenure.take()
    epoch = tenure.epoch
    clock.now_us += 100 * TTL_US
    assert tenure.keep()
    assert tenure.epoch == epoch


def test_who_overslept_is_told_so_and_writes_nothing_even_before(journal, clock):
    first, second = candidate(journal, clock, "first"), candidate(journal, clock, "second")
    first.take()
    clock.now_us += TTL_US
    second.take()
    with pytest.raises(Fenced):
        journal.append([TickRecord()], fence=first.epoch)
    with pytest.raises(Fenced, match="second has taken"):
        first.keep()
    with pytest.raises(Fenced):
        first.epoch  # noqa: B018
    journal.append([TickRecord()], fence=second.epoch)
    assert journal.last_position() == 1


def test_an_office_that_is_left_is_free_at_once(journal, clock):
    first, second = candidate(journal, clock, "first"), candidate(journal, clock, "second")
    first.take()
    first.end()
    assert second.take() == "second"
    first.end()
    assert second.take() == "second", "leaving what one does not have changes nothing"


def test_no_two_processes_have_the_same_name():
    assert len({own_name() for _ in range(100)}) == 100
