"""Look-ups: in time, not at all while the journal is known to be away, and what waits on the disk is found first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.errors import CorruptRecord, OutOfReach
from engine.journal.base import Lookup
from engine.journal.breaker import Breaker
from engine.journal.lookup import InlineLookup, ThreadedLookup
from engine.journal.memory import MemoryJournal
from engine.journal.sharded_lookup import ShardedLookup
from engine.journal.shards import Shards
from engine.spool.lookup import SpoolLookup
from engine.spool.spool import Spool
from tests.engine.outages import UnsteadyJournal
from tests.engine.spool.records import decision, outcome

SOON_S = 0.02


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


@pytest.mark.parametrize("make", [InlineLookup, lambda journal: ThreadedLookup(journal, Breaker("0"), 60.0)])
def test_what_is_there_is_found(make: Callable[[MemoryJournal], Lookup]) -> None:
    journal = MemoryJournal()
    journal.append([decision("d"), outcome("o")])

    async def scenario() -> None:
        with closing(make(journal)) as lookup:
            assert await lookup.find("decision", "d") == journal.find("decision", "d")
            assert await lookup.find("decision", "nobody") is None
            assert await lookup.about("d") == journal.about("d")

    run(scenario)


def test_a_journal_that_does_not_answer_costs_no_more_than_the_wait_and_blocks_nobody() -> None:
    journal, breaker = UnsteadyJournal(), Breaker("0")
    journal.freeze()

    async def scenario() -> None:
        with closing(ThreadedLookup(journal, breaker, SOON_S)) as lookup:
            asked = asyncio.gather(*(lookup.find("decision", str(n)) for n in range(20)), return_exceptions=True)
            await asyncio.sleep(0)
            answers = await asked
            assert all(isinstance(answer, OutOfReach) for answer in answers)
            assert not breaker.is_open, "an append decides that"
            journal.recover()

    run(scenario)


def test_a_journal_that_refuses_is_known_to_be_away_and_not_asked_again() -> None:
    journal, breaker = UnsteadyJournal(), Breaker("0")
    journal.refuse()

    async def scenario() -> None:
        with closing(ThreadedLookup(journal, breaker, 60.0)) as lookup:
            for _ in range(3):
                with pytest.raises(OutOfReach):
                    await lookup.find("decision", "d")
            assert (breaker.is_open, journal.asked) == (True, 1)

    run(scenario)


def test_a_record_that_cannot_be_read_says_nothing_about_reach() -> None:
    class Rotten(MemoryJournal):
        def find(self, kind, key):
            raise CorruptRecord("position 3")

    async def scenario() -> None:
        breaker = Breaker("0")
        with closing(ThreadedLookup(Rotten(), breaker, 60.0)) as lookup:
            with pytest.raises(CorruptRecord):
                await lookup.find("decision", "d")
            assert not breaker.is_open

    run(scenario)


def test_what_waits_on_the_disk_is_found_though_the_journal_is_away(tmp_path: Path) -> None:
    journal = UnsteadyJournal()
    journal.append([outcome("o", "d")])

    async def scenario() -> None:
        with closing(Spool(tmp_path)) as spool:
            spool.append([decision("d")])
            lookup = SpoolLookup(InlineLookup(journal), [spool])
            about = [stored.record for stored in await lookup.about("d")]
            assert about == [decision("d"), outcome("o", "d")]
            journal.refuse()
            found = await lookup.find("decision", "d")
            assert found is not None
            assert found.record == decision("d")

    run(scenario)


@pytest.mark.parametrize("away", [0, 1])
def test_what_one_shard_has_is_found_though_another_is_away(away: int) -> None:
    journals = [UnsteadyJournal(), UnsteadyJournal()]
    shards = Shards(journals)
    home = shards.of("greeting")
    journals[home].append([decision("d")])
    journals[away].refuse()

    async def scenario() -> None:
        lookup = ShardedLookup(shards, [InlineLookup(journal) for journal in journals])
        if away == home:
            with pytest.raises(Exception, match="refused"):
                await lookup.find("decision", "d")
            with pytest.raises(Exception, match="refused"):
                await lookup.about("d")
        else:
            found = await lookup.find("decision", "d")
            assert found is not None
            assert found.record == decision("d")
            asked = journals[away].asked
            assert [stored.record for stored in await lookup.about("d")] == [decision("d")]
            assert journals[away].asked == asked, "from now on it is known where the decision is"

    run(scenario)


def test_what_no_shard_has_is_nowhere() -> None:
    journals = [MemoryJournal(), MemoryJournal()]
    journals[1].append([outcome("early", "d")])

    async def scenario() -> None:
        lookup = ShardedLookup(Shards(journals), [InlineLookup(journal) for journal in journals])
        assert await lookup.find("decision", "d") is None
        assert [stored.record for stored in await lookup.about("d")] == [outcome("early", "d")]

    run(scenario)
