"""The direct reader and writer over the embedded online store: Feast's rows without Feast."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from features.clock import Clock, wall_clock
from features.embedded.busy import is_busy
from features.embedded.rowstore import RowStore, RowSwap, StoredRow
from features.entity_key import EntityKeys
from features.freshness import error_rows, kept_us, missing_rows, row_of, typed, types_of, writable
from features.plan import Plan
from features.vector import RowChange, ViewRow

PATIENT_MS = 250
WRITES_BETWEEN_UPKEEP = 500
TOMBSTONE_US = 86_400_000_000
BACKSTOP_PAGES = 16_384

T = TypeVar("T")


class DirectSqliteStore:
    """``FeatureStore`` over the file that ``WalSqliteOnlineStore`` writes.

    A read takes some ten microseconds and never waits, so it runs on the event loop. A write does too, unless
    another process is in the middle of a transaction: then it waits in a thread, at most ``PATIENT_MS``. Now and then,
    in a thread too, the write-ahead log is moved into the file, and sessions that are long over are dropped.
    """

    def __init__(self, plan: Plan, path: Path, clock: Clock = wall_clock) -> None:
        project = plan.definitions.project
        self._views = plan.stored_views
        self._by_name = {view.name: (view, types_of(view)) for view in self._views}
        self._keys = {view.join_key: EntityKeys(view.join_key) for view in self._views if view.join_key is not None}
        self._rows = RowStore(path, project, busy_ms=0, checkpoint_pages=BACKSTOP_PAGES)
        self._patient = RowStore(path, project, busy_ms=PATIENT_MS)
        self._patient_lock = asyncio.Lock()
        self._writes = 0
        self._upkeep: asyncio.Task[None] | None = None
        self._waiting: set[asyncio.Future[Any]] = set()
        self._clock = clock
        self._purged = {key: keys.between for key, keys in self._keys.items() if kept_us(self._views, key)}

    async def read(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        """See ``FeatureStore.read``."""
        rows = missing_rows(self._views, keys)
        now_us = self._clock()
        try:
            self._take(self._rows.read(*self._entities(keys)), now_us, rows)
        except (sqlite3.Error, msgspec.DecodeError):
            return error_rows(self._views, keys)
        return rows

    async def write(self, changes: Sequence[RowChange]) -> list[bool]:
        """See ``FeatureStore.write``."""
        swaps = [self._swap(change) for change in changes]
        self._tidy_now_and_then()
        return await self._done(lambda rows: rows.replace(swaps))

    async def erase(self, keys: Mapping[str, str], at_us: int) -> int:
        """See ``FeatureStore.erase``."""
        entities = self._entities(keys)
        return await self._done(lambda rows: rows.erase(entities, at_us))

    async def close(self) -> None:
        """See ``FeatureStore.close``."""
        if self._upkeep is not None:
            await self._upkeep
        if self._waiting:
            await asyncio.wait(self._waiting)
        self._rows.close()
        self._patient.close()

    def _entities(self, keys: Mapping[str, str]) -> list[bytes]:
        return [self._keys[join_key].key(value) for join_key, value in keys.items() if join_key in self._keys]

    def _take(self, found: Sequence[StoredRow], now_us: int, rows: dict[str, ViewRow]) -> None:
        for name, timestamp_us, stored in found:
            if name in self._by_name:
                view, types = self._by_name[name]
                rows[name] = row_of(view, typed(types, stored), timestamp_us, now_us)

    def _swap(self, change: RowChange) -> RowSwap:
        view, key, values, timestamp_us, expected_us, began_us = change
        planned = self._by_name[view][0]
        entity = self._keys[str(planned.join_key)].key(key)
        return RowSwap(view, entity, timestamp_us, writable(planned, values), expected_us, began_us)

    def _tidy_now_and_then(self) -> None:
        self._writes += 1
        if self._writes % WRITES_BETWEEN_UPKEEP == 0 and (self._upkeep is None or self._upkeep.done()):
            self._upkeep = asyncio.create_task(self._tidied())

    async def _tidied(self) -> None:
        async with self._patient_lock:
            with contextlib.suppress(sqlite3.Error):
                await asyncio.to_thread(self._tidy, self._patient, self._clock())

    def _tidy(self, rows: RowStore, now_us: int) -> None:
        for join_key, between in self._purged.items():
            oldest_us = {v.name: now_us - kept_us([v], join_key) for v in self._views if v.join_key == join_key}
            reached = rows.purge(between, oldest_us)
            first, last = self._keys[join_key].between
            self._purged[join_key] = (first if reached == last else reached, last)
        rows.forget_erasures(now_us - TOMBSTONE_US)
        rows.checkpoint()

    async def _done(self, transaction: Callable[[RowStore], T]) -> T:
        try:
            return transaction(self._rows)
        except sqlite3.OperationalError as busy:
            if not is_busy(busy):
                raise OSError(f"online store: {busy}") from busy
        waiting = asyncio.ensure_future(self._done_patiently(transaction))
        self._waiting.add(waiting)
        waiting.add_done_callback(self._waiting.discard)
        return await asyncio.shield(waiting)

    async def _done_patiently(self, transaction: Callable[[RowStore], T]) -> T:
        """To its end, whoever stops waiting for it: a connection is for one transaction at a time."""
        async with self._patient_lock:
            try:
                return await asyncio.to_thread(transaction, self._patient)
            except sqlite3.OperationalError as error:
                raise OSError(f"online store: {error}") from error
