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
