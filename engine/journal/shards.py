"""A deployment's journal as its shards: one of them on SQLite and on a single Redis, several on a cluster."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence

from engine.errors import ConfigError
from engine.journal.base import Appended, Journal, Stored
from engine.journal.delivery import Route, answers, by_shard
from engine.lru import Lru
from engine.records.schema import (
    ALL_PLACEMENTS,
    AnyRecord,
    DecisionRecord,
    EventRecord,
    OutcomeRecord,
    ShownRecord,
    TickRecord,
)

REMEMBERED = 100_000


def shard_of(name: str, shards: int) -> int:
    """The shard of a placement, for all time; of a person's events by the reference to their key."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % shards


class Shards:
    """The shards of one journal. Each has positions of its own; a placement belongs to exactly one. Thread-safe.

    What comes of a decision goes where the decision is. As long as that is nowhere, it goes to every shard: each lets
    it wait, and only one ever gets the decision.

    Args:
        journals: in the order of the shards, which never changes.
        remembered: of how many decisions to know the shard without asking.

    Raises:
        ConfigError: no journals.
    """

    def __init__(self, journals: Sequence[Journal], remembered: int = REMEMBERED) -> None:
        if not journals:
            raise ConfigError("a journal has at least one shard")
        self.journals = tuple(journals)
        self.names = tuple(str(shard) for shard in range(len(self.journals)))
        self.everywhere: Route = tuple(range(len(self.journals)))
        self._lock = threading.Lock()
        self._whereabouts: Lru[str, Route] = Lru(remembered)

    def of(self, name: str) -> int:
        """The shard of a placement."""
        return shard_of(name, len(self.journals))

    def route(self, record: AnyRecord) -> Route | None:
        """The shards a record goes to; ``None`` if they depend on where its decision is, which is not remembered."""
        if len(self.journals) == 1:
            return self.everywhere
        if isinstance(record, OutcomeRecord | ShownRecord):
            return self._remembered(record.decision_id)
        if isinstance(record, TickRecord):
            return self.everywhere
        if isinstance(record, EventRecord):
            return (self.of(record.key_ref),)
        return self.everywhere if record.placement == ALL_PLACEMENTS else (self.of(record.placement),)

    def remember(self, record: AnyRecord) -> None:
        """A record of a decision was seen: what comes of the decision goes to the same shard."""
        if len(self.journals) > 1 and isinstance(record, DecisionRecord):
            with self._lock:
                self._whereabouts.put(record.id, (self.of(record.placement),))

    def append(self, records: Sequence[AnyRecord]) -> list[Appended]:
        """Append, shard by shard, in the order of the shards. Raises ``JournalError`` at the first one that fails.

        Not atomic over shards: what failed in one may have been appended in others. Records have idempotency keys, so
        the same call again completes what is missing.
        """
        indices = by_shard([self.route(record) or self._looked_for(record) for record in records])
        places = {shard: self.journals[shard].append([records[i] for i in own]) for shard, own in indices.items()}
        for record in records:
            self.remember(record)
        return answers(indices, places)

    def find(self, kind: str, key: str) -> Stored | None:
        """The record of this kind with this idempotency key, in whichever shard it is. Raises ``JournalError``."""
        known = self._remembered(key) if kind == "decision" else None
        for shard in known or self.everywhere:
            stored = self.journals[shard].find(kind, key)
            if stored is not None:
                self.remember(stored.record)
                return stored
        return None

    def about(self, decision_id: str) -> list[Stored]:
        """Every record that belongs to a decision, in order; of what waits in several shards, the first shard's."""
        waiting: list[Stored] = []
        for shard in self._remembered(decision_id) or self.everywhere:
            found = self.journals[shard].about(decision_id)
            if any(isinstance(stored.record, DecisionRecord) for stored in found):
                return found
            waiting = waiting or found
        return waiting

    def last_position(self) -> int:
        """How many records there ever were, in all shards together."""
        return sum(journal.last_position() for journal in self.journals)

    def close(self) -> None:
        """Release every connection."""
        for journal in self.journals:
            journal.close()

    def _remembered(self, decision_id: str) -> Route | None:
        with self._lock:
            return self._whereabouts.get(decision_id)

    def _looked_for(self, record: AnyRecord) -> Route:
        found = None if record.about is None else self.find("decision", record.about)
        return self.everywhere if found is None else (self.route(found.record) or self.everywhere)
