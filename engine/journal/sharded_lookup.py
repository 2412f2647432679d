"""Looking things up in several shards at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from engine.journal.base import Lookup, Stored
from engine.journal.shards import Shards
from engine.records.schema import DecisionRecord, ShownRecord


class ShardedLookup:
    """Implements ``Lookup`` over those of several shards, which are asked at once.

    What one of them has is an answer, whether the others answer or not.

    Args:
        shards: know where a decision is that was seen before.
        lookups: in the order of the shards.
    """

    def __init__(self, shards: Shards, lookups: Sequence[Lookup]) -> None:
        self._shards = shards
        self._lookups = tuple(lookups)

    async def find(self, kind: str, key: str) -> Stored | None:
        """See ``Lookup.find``."""
        asked = self._asked(key) if kind == "decision" else self._lookups
        answers = await asyncio.gather(*(lookup.find(kind, key) for lookup in asked), return_exceptions=True)
        found = next((answer for answer in answers if isinstance(answer, Stored)), None)
        if found is None:
            _raise_any(answers)
        else:
            self._shards.remember(found.record)
        return found

    async def about(self, decision_id: str) -> list[Stored]:
        """See ``Lookup.about``; of what waits in several shards, the first shard's."""
        asked = self._asked(decision_id)
        answers = await asyncio.gather(*(lookup.about(decision_id) for lookup in asked), return_exceptions=True)
        lists = [answer for answer in answers if isinstance(answer, list)]
        whole = next((found for found in lists if any(isinstance(s.record, DecisionRecord) for s in found)), None)
        if whole is None:
            _raise_any(answers)
        return whole if whole is not None else next((found for found in lists if found), [])

    def close(self) -> None:
        """See ``Lookup.close``."""
        for lookup in self._lookups:
            lookup.close()

    def _asked(self, decision_id: str) -> Sequence[Lookup]:
        known = self._shards.route(ShownRecord(decision_id=decision_id))
        return self._lookups if known is None else [self._lookups[shard] for shard in known]


def _raise_any(answers: Sequence[object]) -> None:
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
