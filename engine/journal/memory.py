"""A journal in memory: for simulations, benchmarks and tests. Keeps the whole contract but durability."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from engine.journal.base import Appended, Stored
from engine.records.codec import kind_of
from engine.records.schema import AnyRecord


def _wall_clock() -> int:
    return time.time_ns() // 1_000


class MemoryJournal:
    """Implements ``Journal``. Thread-safe."""

    def __init__(self, clock: Callable[[], int] = _wall_clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._stored: list[Stored] = []
        self._by_key: dict[tuple[str, str], Stored] = {}
        self._by_decision: defaultdict[str, list[Stored]] = defaultdict(list)

    def append(self, records: Sequence[AnyRecord]) -> list[Appended]:
        with self._lock:
            return [self._append(record) for record in records]

    def read(self, after: int, limit: int) -> list[Stored]:
        with self._lock:
            return self._stored[after : after + limit]

    def find(self, kind: str, key: str) -> Stored | None:
        with self._lock:
            return self._by_key.get((kind, key))

    def about(self, decision_id: str) -> list[Stored]:
        with self._lock:
            return list(self._by_decision.get(decision_id, ()))

    def last_position(self) -> int:
        return len(self._stored)

    def close(self) -> None:
        return None

    def _append(self, record: AnyRecord) -> Appended:
        key = record.idempotency_key
        first = None if key is None else self._by_key.get((kind_of(record), key))
        if first is not None:
            return Appended(first.position, first.time_us, duplicate=True)
        last_us = self._stored[-1].time_us if self._stored else 0
        stored = Stored(len(self._stored) + 1, max(self._clock(), last_us), record)
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
        return None

    async def append(self, records: Sequence[AnyRecord]) -> list[Appended]:
        return self._journal.append(records)

    async def close(self) -> None:
        return None
