"""A journal in memory: for simulations, benchmarks and tests. Keeps the whole contract but durability."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence

from engine.journal.base import Appended, Stored
from engine.records.codec import kind_of
from engine.records.schema import AnyRecord
from features.clock import Clock, wall_clock


class MemoryJournal:
    """Implements ``Journal``. Thread-safe."""

    def __init__(self, clock: Clock = wall_clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._stored: list[Stored] = []
        self._by_key: dict[tuple[str, str], Stored] = {}
        self._by_decision: defaultdict[str, list[Stored]] = defaultdict(list)

    def append(self, records: Sequence[AnyRecord]) -> list[Appended]:
        """See ``Journal.append``."""
        with self._lock:
            last_us = self._stored[-1].time_us if self._stored else 0
            now_us = max(self._clock(), last_us)
            return [self._append(record, now_us) for record in records]

    def read(self, after: int, limit: int) -> list[Stored]:
        """See ``Journal.read``."""
        with self._lock:
            return self._stored[after : after + limit]

    def find(self, kind: str, key: str) -> Stored | None:
        """See ``Journal.find``."""
        with self._lock:
            return self._by_key.get((kind, key))

    def about(self, decision_id: str) -> list[Stored]:
        """See ``Journal.about``."""
        with self._lock:
            return list(self._by_decision.get(decision_id, ()))

    def last_position(self) -> int:
        """See ``Journal.last_position``."""
        return len(self._stored)

    def close(self) -> None:
        """Nothing to release."""

    def _append(self, record: AnyRecord, now_us: int) -> Appended:
        key = record.idempotency_key
        first = None if key is None else self._by_key.get((kind_of(record), key))
        if first is not None:
            return Appended(first.position, first.time_us, duplicate=True)
        stored = Stored(len(self._stored) + 1, now_us, record)
        self._stored.append(stored)
        if key is not None:
            self._by_key[kind_of(record), key] = stored
        if record.about is not None:
            self._by_decision[record.about].append(stored)
        return Appended(stored.position, stored.time_us, duplicate=False)


class ImmediateCommits:
    """Implements ``Commits`` over a journal whose appends cost nothing: no thread, no waiting."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal

    def start(self) -> None:
        """Nothing to start."""

    async def append(self, records: Sequence[AnyRecord]) -> list[Appended]:
        """See ``Commits.append``."""
        return self._journal.append(records)

    async def close(self) -> None:
        """Nothing to stop."""
