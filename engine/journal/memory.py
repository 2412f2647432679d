"""A journal in memory: for simulations, benchmarks and tests. Keeps the whole contract but durability."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from operator import attrgetter

from engine.errors import Fenced
from engine.journal.base import Appended, Lease, Stored
from engine.journal.cut import beyond, cut_record
from engine.records.codec import kind_of
from engine.records.schema import AnyRecord, ControlRecord
from features.clock import Clock, wall_clock


class MemoryJournal:
    """Implements ``Journal``. Thread-safe."""

    def __init__(self, clock: Clock = wall_clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._stored: list[Stored] = []
        self._by_key: dict[tuple[str, str], Stored] = {}
        self._by_decision: defaultdict[str, list[Stored]] = defaultdict(list)
        self._lease = Lease("", 0, 0)
        self._cut = 0
        self._latest_us = 0

    def append(self, records: Sequence[AnyRecord], *, fence: int | None = None) -> list[Appended]:
        """See ``Journal.append``."""
        with self._lock:
            self._check(fence)
            return self._append_all(records)

    def lease(self, holder: str, ttl_us: int) -> Lease:
        """See ``Journal.lease``."""
        with self._lock:
            now_us, held = self._now_us(), self._lease
            if holder == held.holder or held.expires_us <= now_us:
                epoch = held.epoch + (holder != held.holder)
                self._lease = Lease(holder, epoch, now_us + ttl_us)
            return self._lease

    def release(self, lease: Lease) -> None:
        """See ``Journal.release``."""
        with self._lock:
            if (lease.holder, lease.epoch) == (self._lease.holder, self._lease.epoch):
                self._lease = Lease("", lease.epoch, 0)

    def read(self, after: int, limit: int) -> list[Stored]:
        """See ``Journal.read``."""
        with self._lock:
            first = bisect_right(self._stored, after, key=attrgetter("position")) if self._cut else max(after, 0)
            return self._stored[first : first + limit]

    def find(self, kind: str, key: str) -> Stored | None:
        """See ``Journal.find``."""
        with self._lock:
            return self._by_key.get((kind, key))

    def find_all(self, kind: str, keys: Sequence[str]) -> dict[str, Stored]:
        """See ``Journal.find_all``."""
        with self._lock:
            return {key: self._by_key[kind, key] for key in keys if (kind, key) in self._by_key}

    def about(self, decision_id: str) -> list[Stored]:
        """See ``Journal.about``."""
        with self._lock:
            return list(self._by_decision.get(decision_id, ()))

    def last_position(self) -> int:
        """See ``Journal.last_position``."""
        return self._stored[-1].position if self._stored else 0

    def cut(self, position: int, *, fence: int | None = None) -> int:
        """See ``Journal.cut``."""
        record = cut_record(position)
        with self._lock:
            self._check(fence)
            if position > self.last_position():
                raise beyond(self.last_position())
            self._append_all([record])
            self._cut = max(self._cut, position)
            return self._remove(position)

    def cut_position(self) -> int:
        """See ``Journal.cut_position``."""
        return self._cut

    def close(self) -> None:
        """Nothing to release."""

    def _check(self, fence: int | None) -> None:
        if fence not in (None, self._lease.epoch):
            raise Fenced(f"append: the lease is at epoch {self._lease.epoch}, not {fence}")

    def _now_us(self) -> int:
        self._latest_us = max(self._clock(), self._latest_us)
        return self._latest_us

    def _append_all(self, records: Sequence[AnyRecord]) -> list[Appended]:
        now_us = self._now_us()
        return [self._append(record, now_us) for record in records]

    def _append(self, record: AnyRecord, now_us: int) -> Appended:
        key = record.idempotency_key
        first = None if key is None else self._by_key.get((kind_of(record), key))
        if first is not None:
            return Appended(first.position, first.time_us, duplicate=True)
        stored = Stored(self.last_position() + 1, now_us, record)
        self._stored.append(stored)
        if key is not None:
            self._by_key[kind_of(record), key] = stored
        if record.about is not None:
            self._by_decision[record.about].append(stored)
        return Appended(stored.position, stored.time_us, duplicate=False)

    def _remove(self, position: int) -> int:
        gone = [each for each in self._stored if each.position <= position and not _stays(each.record)]
        self._stored = [each for each in self._stored if each.position > position or _stays(each.record)]
        for stored in gone:
            key = stored.record.idempotency_key
            if key is not None:
                del self._by_key[kind_of(stored.record), key]
            if stored.record.about is not None:
                self._by_decision[stored.record.about].remove(stored)
        return len(gone)


def _stays(record: AnyRecord) -> bool:
    return isinstance(record, ControlRecord)


class ImmediateCommits:
    """Implements ``Commits`` over a journal whose appends cost nothing: no thread, no waiting."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal

    def start(self) -> None:
        """Nothing to start."""

    async def append(self, records: Sequence[AnyRecord], *, wait_s: float | None = None) -> list[Appended]:
        """See ``Commits.append``."""
        return self._journal.append(records)

    def in_reach(self, placement: str) -> bool:
        """Always."""
        return True

    async def close(self) -> None:
        """Nothing to stop."""
