"""Outcomes that overtake their decision: none is lost while it waits, none waits for ever."""

from __future__ import annotations

from engine.early import EarlyOutcomes
from engine.journal.base import Stored
from engine.records.schema import OutcomeRecord

WAIT_US = 10


def arrived(early: EarlyOutcomes, position: int, about: str) -> Stored:
    """An outcome that arrives at the moment of its position."""
    record = OutcomeRecord(id=str(position), decision_id=about, metric="click", value=1.0)
    stored = Stored(position, position, record)
    early.add(about, stored)
    return stored


def test_a_decision_takes_its_own_outcomes_in_journal_order_and_once() -> None:
    early = EarlyOutcomes(WAIT_US)
    first, other, second = (arrived(early, n, about) for n, about in enumerate(("a", "b", "a"), start=1))
    assert early.take("a") == [first, second]
    assert early.take("a") == []
    assert early.take("b") == [other]


def test_of_two_about_one_decision_only_the_one_that_waited_too_long_is_given_up() -> None:
    early = EarlyOutcomes(WAIT_US)
    arrived(early, 1, "a")
    later = arrived(early, 2, "a")
    assert early.expire(1 + WAIT_US) == 0
    assert early.expire(2 + WAIT_US) == 1
    assert early.oldest == 2
    assert early.take("a") == [later]


def test_the_oldest_is_what_has_waited_longest_and_still_waits() -> None:
    early = EarlyOutcomes(WAIT_US)
    assert early.oldest is None
    for position, about in enumerate(("a", "b", "c"), start=1):
        arrived(early, position, about)
    early.take("a")
    assert early.oldest == 2
    assert early.expire(100) == 2
    assert early.oldest is None
    assert early.take("b") == []


def test_none_waits_for_more_later_reports_than_it_may_and_the_oldest_are_given_up_first() -> None:
    early = EarlyOutcomes(wait_us=1_000, most=3)
    gone = 0
    for position in range(1, 11):
        early.reported()
        gone += early.expire(position)
        arrived(early, position, str(position))
        assert len(early) <= 3
    assert (gone, early.oldest) == (7, 8)
    assert [early.take(str(position)) == [] for position in (7, 8)] == [True, False]


def test_reports_that_need_not_wait_push_out_those_that_do_as_they_would_for_whoever_starts_in_between() -> None:
    """Which of them wait depends on decisions that a joiner of the journal's end has never seen."""
    early, other = EarlyOutcomes(1_000, most=3), EarlyOutcomes(1_000, most=3)
    for waiting in (early, other):
        waiting.reported()
        arrived(waiting, 1, "a")
    for position in (2, 3, 4):
        early.reported()
        other.reported()
        arrived(other, position, "long settled")
    assert (early.expire(4), other.expire(4)) == (1, 1)
    assert early.take("a") == other.take("a") == []
