"""Looking up decisions that may still wait on the local disk."""

from __future__ import annotations

from collections.abc import Sequence

from engine.journal.base import Lookup, Stored
from engine.spool.spool import Spool


class SpoolLookup:
    """Implements ``Lookup``: finds a decision that waits in this process as it was answered, then asks the journal.

    Args:
        spools: one of every shard.
    """

    def __init__(self, journal: Lookup, spools: Sequence[Spool]) -> None:
        self._journal = journal
        self._spools = spools

    async def find(self, kind: str, key: str) -> Stored | None:
        """See ``Lookup.find``."""
        waiting = self._waiting(key) if kind == "decision" else None
        return waiting or await self._journal.find(kind, key)

    async def about(self, decision_id: str) -> list[Stored]:
        """See ``Lookup.about``. Of what waits the decision alone is told."""
        journaled = await self._journal.about(decision_id)
        waiting = self._waiting(decision_id)
        return journaled if waiting is None else [waiting, *journaled]

    def close(self) -> None:
        """See ``Lookup.close``."""
        self._journal.close()

    def _waiting(self, decision_id: str) -> Stored | None:
        return next((found for spool in self._spools if (found := spool.find(decision_id)) is not None), None)
