"""Commits that do not fail with the journal: it is waited for once, and all it missed comes to it in order, once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.errors import CorruptRecord, JournalError, SpoolFull
from engine.journal.memory import MemoryJournal
from engine.records.schema import ControlRecord
from engine.spool.commits import SLOW_S
from engine.spool.spool import Spool
from tests.engine.outages import PATIENCE_S, Recording
from tests.engine.spool.records import decision, outcome

SOON_S = 0.01
POISON = ControlRecord(action="publish", placement="p", version="1", payload={"x": object()})


def journaled(journal: MemoryJournal) -> list[object]:
    return [stored.record for stored in MemoryJournal.read(journal, 0, 1_000)]


def test_while_the_journal_answers_the_spool_is_not_touched(tmp_path: Path) -> None:
    recording = Recording(tmp_path)

    async def scenario() -> None:
        (place,) = await recording.commits.append([outcome("o")])
        assert (place.position, place.spooled) == (1, False)

    recording.run(scenario)
    assert not (tmp_path / "0").exists()
    assert recording.counts.reachable == [True]


def test_what_a_journal_refuses_waits_on_the_disk_and_comes_to_it_in_order(tmp_path: Path) -> None:
    recording = Recording(tmp_path)

    async def scenario() -> None:
        recording.journal.refuse()
        for n in range(5):
            (place,) = await recording.commits.append([outcome(str(n))])
            assert place.spooled
        assert not recording.commits.in_reach("greeting")
        recording.journal.recover()
        await recording.drained()
        assert recording.commits.in_reach("greeting")

    recording.run(scenario)
    assert journaled(recording.journal) == [outcome(str(n)) for n in range(5)]
    assert (recording.counts.spooled, recording.counts.drained, recording.counts.conflicts) == (5, 5, 0)
    assert recording.counts.reachable == [True, False, True]


def test_an_attempt_to_drain_that_fails_forgets_nothing(tmp_path: Path) -> None:
    recording = Recording(tmp_path)

    async def scenario() -> None:
        recording.journal.refuse()
        await recording.commits.append([outcome("o")])
        asked = recording.journal.asked
        await recording.until(lambda: recording.journal.asked > asked + 1)
        assert recording.spool.records == 1
        recording.journal.recover()
        await recording.drained()

    recording.run(scenario)
    assert journaled(recording.journal) == [outcome("o")]


def test_once_it_is_known_nobody_asks_the_journal_but_the_one_who_tries(tmp_path: Path) -> None:
    recording = Recording(tmp_path)

    async def scenario() -> None:
        recording.journal.freeze()
        await recording.commits.append([outcome("first")], wait_s=SOON_S)
        await recording.until(lambda: recording.commits.breaker.is_open)
        asked = recording.journal.asked
        for n in range(100):
            await recording.commits.append([outcome(str(n))])
        assert recording.journal.asked - asked <= 1

    recording.run(scenario)


def test_everybody_who_waits_is_let_go_when_it_becomes_known(tmp_path: Path) -> None:
    recording = Recording(tmp_path)

    async def scenario() -> None:
        recording.journal.freeze()
        patient = [asyncio.ensure_future(recording.commits.append([outcome(str(n))], wait_s=3_600)) for n in range(20)]
        await recording.commits.append([outcome("impatient")], wait_s=SOON_S)
        async with asyncio.timeout(PATIENCE_S):
            places = await asyncio.gather(*patient)
        assert all(place.spooled for (place,) in places)

    recording.run(scenario)
    assert sorted(record.id for record in journaled(recording.journal)) == sorted(
        [*(str(n) for n in range(20)), "impatient"]
    ), "their appends happened after all, and each record counts once"


def test_a_short_wait_alone_does_not_make_a_journal_unreachable(tmp_path: Path) -> None:
    recording = Recording(tmp_path)

    async def scenario() -> None:
        recording.journal.freeze()
        (place,) = await recording.commits.append([decision("d")], wait_s=SOON_S)
        assert place.spooled
        recording.journal.recover()
        await asyncio.sleep(2 * SLOW_S)
        assert recording.counts.reachable == [True]
        await recording.drained()

    recording.run(scenario)
    assert journaled(recording.journal) == [decision("d")], "it is in the journal once, though it was also spooled"
    assert recording.counts.conflicts == 0


def test_the_first_record_of_an_id_stays_and_a_decision_that_differs_is_counted(tmp_path: Path) -> None:
    recording = Recording(tmp_path)

    async def scenario() -> None:
        recording.journal.refuse()
        await recording.commits.append([decision("same", sealed=b"one nonce"), decision("other", chosen=0)])
        recording.journal.recover()
        MemoryJournal.append(recording.journal, [decision("same", sealed=b"another"), decision("other", chosen=1)])
        await recording.drained()

    recording.run(scenario)
    assert recording.counts.conflicts == 1
    assert journaled(recording.journal) == [decision("same", sealed=b"another"), decision("other", chosen=1)]


def test_a_spool_that_is_full_refuses_and_takes_again_after_the_outage(tmp_path: Path) -> None:
    recording = Recording(tmp_path, max_bytes=200)

    async def scenario() -> None:
        recording.journal.refuse()
        await recording.commits.append([outcome("kept")])
        with pytest.raises(SpoolFull):
            await recording.commits.append([decision("too large", unit="u" * 300)])
        recording.journal.recover()
        await recording.drained()
        (place,) = await recording.commits.append([decision("too large", unit="u" * 300)])
        assert not place.spooled

    recording.run(scenario)


def test_a_record_that_has_no_bytes_says_nothing_about_the_journal(tmp_path: Path) -> None:
    recording = Recording(tmp_path)

    class Strict(type(recording.journal)):  # type: ignore[misc]
        def append(self, records, **how):
            if POISON in records:
                raise CorruptRecord("poison")
            return super().append(records, **how)

    recording = Recording(tmp_path, Strict())

    async def scenario() -> None:
        with pytest.raises(CorruptRecord):
            await recording.commits.append([POISON])
        assert recording.commits.in_reach("greeting")

    recording.run(scenario)


def test_without_keys_nothing_is_recorded_anywhere(tmp_path: Path) -> None:
    def keyless() -> None:
        raise JournalError("the key table is gone")

    recording = Recording(tmp_path, before_append=keyless)

    async def scenario() -> None:
        recording.journal.refuse()
        with pytest.raises(JournalError, match="key table"):
            await recording.commits.append([outcome("o")])

    recording.run(scenario)
    assert journaled(recording.journal) == []


def test_what_waits_when_a_process_ends_is_drained_by_the_next_also_if_that_dies_in_between(tmp_path: Path) -> None:
    records = [outcome(str(n)) for n in range(600)]
    first = Recording(tmp_path)

    async def outage() -> None:
        first.journal.refuse()
        await first.commits.append(records)

    class StaysAway(type(first.journal)):  # type: ignore[misc]
        def recover(self) -> None:
            self._moves.set()

    first = Recording(tmp_path, StaysAway())
    first.run(outage)
    assert journaled(first.journal) == []
    dying = Spool(tmp_path / "0")
    dying.adopt()
    batch = dying.first(256)
    assert batch is not None
    first.journal._refuses = False
    first.journal.append(batch.records)
    dying.close()
    last = Recording(tmp_path, first.journal)
    last.run(last.drained_once)
    assert journaled(last.journal) == records
    assert list((tmp_path / "0").iterdir()) == []
