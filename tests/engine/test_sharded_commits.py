"""Serving with several shards: records are awaited together, and a turn that one shard refused is completed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from engine.errors import JournalError
from engine.journal.base import Appended, Stored
from engine.journal.group_commit import GroupCommit
from engine.journal.lookup import InlineLookup
from engine.journal.memory import ImmediateCommits, MemoryJournal
from engine.journal.sharded_commits import ShardedCommits
from engine.journal.shards import Shards
from engine.records.codec import kind_of
from engine.records.schema import AnyRecord, OutcomeRecord
from tests.sample_decision import decision


class Refusing(MemoryJournal):
    refuses = True

    def append(self, records: Sequence[AnyRecord], **how: int | None) -> list[Appended]:
        if self.refuses:
            raise JournalError("this shard is away")
        return super().append(records, **how)


class OutOfSight(InlineLookup):
    async def find(self, kind: str, key: str) -> Stored | None:
        raise JournalError("nothing can be looked up")


def immediate(shards: Shards) -> ShardedCommits:
    return ShardedCommits(shards, [ImmediateCommits(journal) for journal in shards.journals], InlineLookup(shards))


def outcome(decision_id: str) -> OutcomeRecord:
    return OutcomeRecord(id="o", decision_id=decision_id, metric="click", value=1.0)


@pytest.fixture
def refusing() -> Refusing:
    return Refusing()


@pytest.fixture
def shards(refusing: Refusing) -> Shards:
    """``offer`` is in the one that refuses, ``greeting`` in the last."""
    shards = Shards([MemoryJournal(), refusing, MemoryJournal()])
    assert (shards.of("offer"), shards.of("greeting")) == (1, 2)
    return shards


def test_a_turn_over_two_shards_of_which_one_refuses_is_completed_when_it_is_asked_again(bot, shards, refusing) -> None:
    bot.use(shards, immediate(shards))
    first = bot.turn("t", "greeting", "offer")
    assert not any(decision.recorded for decision in first)
    (kept,) = shards.journals[2].read(0, 10)

    refusing.refuses = False
    second = bot.turn("t", "greeting", "offer")

    assert all(decision.recorded for decision in second)
    assert [decision.id for decision in second] == [decision.id for decision in first]
    assert shards.journals[2].read(0, 10) == [kept], "what was recorded is neither changed nor repeated"
    assert second[0].action_id == kept.record.candidates[kept.record.chosen] != second[1].action_id
    assert len(refusing.read(0, 10)) == 1
    assert bot.turn("t", "greeting", "offer") == second


def test_outcomes_go_to_the_shard_of_their_decision_and_count_once(bot, shards, refusing) -> None:
    refusing.refuses = False
    bot.use(shards, immediate(shards))
    greeting, offer = bot.turn("t", "greeting", "offer")
    bot.use(restarted := Shards(shards.journals), immediate(restarted))
    assert [bot.tell(d.id, outcome_id="o") for d in (greeting, offer, offer)] == [0, 0, 1]
    found = [[kind_of(stored.record) for stored in journal.read(0, 10)] for journal in shards.journals]
    assert found == [[], ["decision", "outcome"], ["decision", "outcome"]]


def test_an_outcome_whose_decision_cannot_be_looked_up_goes_to_every_shard(shards, refusing) -> None:
    refusing.refuses = False
    commits = ShardedCommits(shards, [ImmediateCommits(each) for each in shards.journals], OutOfSight(shards))
    (place,) = asyncio.run(commits.append([outcome("d")]))
    assert not place.duplicate
    assert [journal.last_position() for journal in shards.journals] == [1, 1, 1]


def test_records_of_many_callers_are_answered_in_each_callers_order(shards, refusing) -> None:
    refusing.refuses = False

    async def append_at_once() -> list[list[Appended]]:
        commits = ShardedCommits(shards, [GroupCommit(each) for each in shards.journals], InlineLookup(shards))
        commits.start()
        appended = await asyncio.gather(*(commits.append(batch) for batch in batches))
        await commits.close()
        return appended

    batches = [[decision(f"{n}-{p}", p) for p in ("offer", "greeting", "offer")] for n in range(20)]
    batches = [[*batch[:2], decision(f"{n}-last", "offer")] for n, batch in enumerate(batches)]
    for batch, places in zip(batches, asyncio.run(append_at_once()), strict=True):
        there = [shards.journals[shards.of(record.placement)].find("decision", record.id) for record in batch]
        assert [(each.position, each.record) for each in there] == [
            (place.position, record) for place, record in zip(places, batch, strict=True)
        ]


def test_one_shard_that_fails_fails_the_caller_and_the_others_keep_theirs(shards) -> None:
    with pytest.raises(JournalError, match="away"):
        asyncio.run(immediate(shards).append([decision("a", "greeting"), decision("b", "offer")]))
    assert [journal.last_position() for journal in shards.journals] == [0, 0, 1]
    assert shards.route(outcome("a")) == (2,), "what is known to be recorded is remembered"
