"""One learner at a time: who holds the lease, and that nobody else writes under it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from engine.errors import Fenced
from engine.journal.base import Journal
from engine.journal.open import open_journal
from engine.records.schema import TickRecord
from tests.contract.backends import SettableClock, ids, outcome

TTL = 10_000_000


def test_who_comes_first_has_it_until_it_expires(journal: Journal, clock: SettableClock) -> None:
    first = journal.lease("ada", TTL)
    assert first == ("ada", 1, clock.now_us + TTL)
    clock.now_us += TTL - 1
    assert journal.lease("ben", TTL) == first, "not his"
    clock.now_us += 1
    assert journal.lease("ben", TTL) == ("ben", 2, clock.now_us + TTL)
    assert journal.lease("ada", TTL).holder == "ben"


def test_renewing_moves_the_end_and_keeps_the_epoch(journal: Journal, clock: SettableClock) -> None:
    journal.lease("ada", TTL)
    clock.now_us += TTL // 3
    assert journal.lease("ada", TTL) == ("ada", 1, clock.now_us + TTL)
    clock.now_us += 5 * TTL
    assert journal.lease("ada", TTL) == ("ada", 1, clock.now_us + TTL), "nobody took it meanwhile"


def test_who_had_it_before_gets_a_new_epoch(journal: Journal, clock: SettableClock) -> None:
    epochs = []
    for holder in ("ada", "ben", "ada", "ada"):
        epochs.append(journal.lease(holder, TTL).epoch)
        clock.now_us += TTL
    assert epochs == [1, 2, 3, 3]


def test_a_lease_given_back_is_the_next_ones_at_once(journal: Journal) -> None:
    journal.release(journal.lease("ada", TTL))
    assert journal.lease("ben", TTL)[:2] == ("ben", 2)


def test_giving_back_what_another_holds_changes_nothing(journal: Journal, clock: SettableClock) -> None:
    old = journal.lease("ada", TTL)
    clock.now_us += TTL
    held = journal.lease("ben", TTL)
    journal.release(old)
    assert journal.lease("cleo", TTL) == held
    journal.release(held)
    again = journal.lease("ben", TTL)
    journal.release(held)
    assert journal.lease("cleo", TTL) == again, "nor what one held oneself, before"


def test_a_clock_that_is_set_back_does_not_prolong_a_lease(journal: Journal, clock: SettableClock) -> None:
    journal.lease("ada", TTL)
    journal.append([TickRecord()])
    clock.now_us = 0
    assert journal.lease("ada", TTL).expires_us == 1_000_000 + TTL


def test_who_lost_the_lease_writes_nothing(journal: Journal, clock: SettableClock) -> None:
    old = journal.lease("ada", TTL)
    journal.append([outcome("before")], fence=old.epoch)
    clock.now_us += TTL
    journal.append([outcome("expired, but nobody took it")], fence=old.epoch)
    new = journal.lease("ben", TTL)
    with pytest.raises(Fenced, match=f"epoch {new.epoch}, not {old.epoch}"):
        journal.append([outcome("after"), outcome("before")], fence=old.epoch)
    with pytest.raises(Fenced):
        journal.cut(1, fence=old.epoch)
    journal.append([outcome("his")], fence=new.epoch)
    journal.append([outcome("a bot's")])
    assert ids(journal.read(0, 10)) == ["before", "expired, but nobody took it", "his", "a bot's"]


def test_an_epoch_that_never_was_is_refused(journal: Journal) -> None:
    with pytest.raises(Fenced):
        journal.append([TickRecord()], fence=1)
    journal.lease("ada", TTL)
    with pytest.raises(Fenced):
        journal.append([TickRecord()], fence=2)
    assert journal.last_position() == 0


def test_of_many_who_ask_at_once_one_gets_it(journal: Journal) -> None:
    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda i: journal.lease(f"candidate-{i}", TTL), range(24)))
    assert len(set(leases)) == 1
    assert leases[0].epoch == 1


def test_nothing_of_the_old_holder_comes_after_the_new_one_has_begun(journal: Journal, clock: SettableClock) -> None:
    """The check and the append are one: between them nobody can take over."""

    def write(name: str, epoch: int) -> None:
        for i in range(10_000):
            journal.append([outcome(f"{i}", decision_id=name)], fence=epoch)

    def take_over(name: str) -> int:
        clock.now_us += TTL
        epoch = journal.lease(name, TTL).epoch
        journal.append([outcome("began", decision_id=name)], fence=epoch)
        return epoch

    with ThreadPoolExecutor(3) as pool:
        names = ["ada", "ben", "cleo", "dora"]
        writers = []
        for name in names:
            epoch = take_over(name)
            writers.append(pool.submit(write, name, epoch))
            while len(journal.about(name)) < 5:
                pass
        take_over("end")
        assert [type(writer.exception()) for writer in writers] == [Fenced] * 4
    order = [stored.record.about for stored in journal.read(0, 100_000)]
    assert [name for name, before in zip(order, [None, *order], strict=False) if name != before] == [*names, "end"]


def test_the_lease_outlives_its_process(url: str, clock: SettableClock) -> None:
    with closing(open_journal(url, clock=clock)) as journal:
        held = journal.lease("ada", TTL)
    with closing(open_journal(url, clock=clock)) as journal:
        assert journal.lease("ben", TTL) == held
        journal.append([TickRecord()], fence=held.epoch)


def test_leases_are_given_in_journal_time_without_a_clock_of_ones_own(url: str) -> None:
    with closing(open_journal(url)) as journal:
        lease = journal.lease("ada", TTL)
        now_us = journal.append([TickRecord()], fence=lease.epoch)[0].time_us
        assert abs(lease.expires_us - TTL - now_us) < 5_000_000
