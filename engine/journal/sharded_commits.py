"""One face for the committers of all shards: each caller's records go where they belong and are answered in order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from engine.errors import JournalError
from engine.journal.base import Appended, Commits, Lookup
from engine.journal.delivery import Route, answers, by_shard
from engine.journal.shards import Shards
from engine.records.schema import AnyRecord

log = structlog.get_logger(__name__)


class ShardedCommits:
    """Implements ``Commits`` over one ``Commits`` for each shard.

    Args:
        shards: know where a record belongs.
        commits: in the order of the shards.
        lookup: asked where a decision is that the shards do not remember. If it does not answer, what belongs to the
            decision goes to every shard, which is right, too.
    """

    def __init__(self, shards: Shards, commits: Sequence[Commits], lookup: Lookup) -> None:
        self._shards = shards
        self._commits = tuple(commits)
        self._lookup = lookup

    def start(self) -> None:
        """Begin to take records."""
        for commits in self._commits:
            commits.start()

    async def append(self, records: Sequence[AnyRecord], *, wait_s: float | None = None) -> list[Appended]:
        """Durable in every shard when it returns. Atomic in each, not over all of them.

        Raises:
            JournalError: one shard failed, though others may have recorded what was theirs: the same call again
                completes what is missing.
        """
        if len(self._commits) == 1:
            return await self._commits[0].append(records, wait_s=wait_s)
        indices = by_shard([await self._route(record) for record in records])
        parts = [[records[index] for index in own] for own in indices.values()]
        appends = [self._commits[s].append(part, wait_s=wait_s) for s, part in zip(indices, parts, strict=True)]
        outcomes = await asyncio.gather(*appends, return_exceptions=True)
        for shard, part, outcome in zip(indices, parts, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                log.warning("shard_failed", shard=shard, records=len(part))
            else:
                self._remember(part)
        places = {shard: _or_raise(outcome) for shard, outcome in zip(indices, outcomes, strict=True)}
        return answers(indices, places)

    def in_reach(self, placement: str) -> bool:
        """See ``Commits.in_reach``: of the placement's shard."""
        return self._commits[self._shards.of(placement)].in_reach(placement)

    async def close(self) -> None:
        """Commit what was taken, then stop. The journals stay open."""
        for commits in self._commits:
            await commits.close()

    def _remember(self, records: Sequence[AnyRecord]) -> None:
        for record in records:
            self._shards.remember(record)

    async def _route(self, record: AnyRecord) -> Route:
        known = self._shards.route(record)
        if known is not None:
            return known
        try:
            found = await self._lookup.find("decision", record.about or "")
        except JournalError:
            found = None
        return self._shards.everywhere if found is None else self._shards.route(found.record) or self._shards.everywhere


def _or_raise(outcome: list[Appended] | BaseException) -> list[Appended]:
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome
