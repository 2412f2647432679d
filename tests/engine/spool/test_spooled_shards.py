"""Several shards: what is out of reach of one of them waits for that one, and the others go on as always."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.journal.memory import MemoryJournal
from engine.journal.shards import Shards
from engine.spool.folder import bytes_in
from engine.spool.open import Spooled, spooled
from tests.engine.outages import PATIENCE_S, Counts, UnsteadyJournal
from tests.engine.spool.records import decision, outcome

PLACEMENTS = tuple(f"placement-{n}" for n in range(16))


@pytest.mark.parametrize("local", [True, False])
def test_a_shard_that_is_away_costs_the_others_nothing(tmp_path: Path, local: bool) -> None:
    journals = (UnsteadyJournal(), UnsteadyJournal())
    shards, counts = Shards(journals), Counts()
    here = next(name for name in PLACEMENTS if shards.of(name) == 0)
    away = next(name for name in PLACEMENTS if shards.of(name) == 1)
    both = [decision("here", placement=here), decision("away", placement=away)]

    async def scenario() -> None:
        records = spooled(shards, tmp_path, local=local, watch=counts)
        records.commits.start()
        journals[1].refuse()
        places = await records.commits.append(both)
        assert [place.spooled for place in places] == [False, True]
        assert (records.commits.in_reach(here), records.commits.in_reach(away)) == (True, False)
        assert bytes_in(tmp_path) > 0
        waiting = await records.lookup.find("decision", "away")
        assert waiting is not None
        assert waiting.record == both[1]
        for id in ("here", "away", "nowhere"):
            await records.commits.append([outcome("o", id)])
        journals[1].recover()
        await drained(records)
        await records.commits.close()
        records.lookup.close()

    asyncio.run(scenario())
    assert counts.conflicts == 0
    first, second = ([s.record for s in MemoryJournal.read(journal, 0, 100)] for journal in journals)
    assert [both[0], outcome("o", "here"), outcome("o", "nowhere")] == [r for r in first if r != outcome("o", "away")]
    assert [both[1], outcome("o", "away"), outcome("o", "nowhere")] == second


async def drained(records: Spooled) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while any(shard.breaker.is_open or shard.spool.records for shard in records.shards):
            await asyncio.sleep(0.005)
