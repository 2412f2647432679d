"""The direct reader and writer over the embedded online store: Feast's rows without Feast."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from features.clock import Clock, wall_clock
from features.entity_key import EntityKeys
from features.freshness import error_rows, missing_rows, row_of, typed, types_of, writable
from features.plan import Plan, PlannedView
from features.rowstore import RowStore, StoredRow
from features.sqlite_busy import is_busy
from features.vector import Scalar, ViewRow

PATIENT_MS = 250
WRITES_BETWEEN_CHECKPOINTS = 500
BACKSTOP_PAGES = 16_384


class DirectSqliteStore:
    """``FeatureStore`` over the file that ``WalSqliteOnlineStore`` writes.

    A read takes some ten microseconds and never waits, so it runs on the event loop. A write does too, unless
    another process is in the middle of a transaction: then it waits in a thread, at most ``PATIENT_MS``. The
    write-ahead log is moved into the file in a thread, too.
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
        self._checkpoint: asyncio.Task[None] | None = None
        self._clock = clock

    async def read(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        """See ``FeatureStore.read``."""
        rows = missing_rows(self._views, keys)
        now_us = self._clock()
        try:
            self._take(self._rows.read(*self._entities(keys)), now_us, rows)
        except (sqlite3.Error, msgspec.DecodeError):
            return error_rows(self._views, keys)
        return rows

    async def write(
        self, view: str, key: str, values: Mapping[str, Scalar], *, timestamp_us: int, expected_us: int | None
    ) -> bool:
        """See ``FeatureStore.write``. Raises ``RowError`` for values that do not fit the view."""
        planned = self._by_name[view][0]
        row = writable(planned, values)
        entity = self._entity(planned, key)
        self._checkpoint_now_and_then()
        try:
            return self._rows.replace(view, entity, row, timestamp_us=timestamp_us, expected_us=expected_us)
        except sqlite3.OperationalError as busy:
            if not is_busy(busy):
                raise OSError(f"online store: {busy}") from busy
        return await self._write_patiently(view, entity, row, timestamp_us, expected_us)

    async def close(self) -> None:
        """See ``FeatureStore.close``."""
        if self._checkpoint is not None:
            await self._checkpoint
        self._rows.close()
        self._patient.close()

    def _entities(self, keys: Mapping[str, str]) -> list[bytes]:
        return [self._keys[join_key].key(value) for join_key, value in keys.items() if join_key in self._keys]

    def _take(self, found: Sequence[StoredRow], now_us: int, rows: dict[str, ViewRow]) -> None:
        for name, timestamp_us, stored in found:
            if name in self._by_name:
                view, types = self._by_name[name]
                rows[name] = row_of(view, typed(types, stored), timestamp_us, now_us)

    def _entity(self, view: PlannedView, key: str) -> bytes:
        assert view.join_key is not None
        return self._keys[view.join_key].key(key)

    def _checkpoint_now_and_then(self) -> None:
        self._writes += 1
        if self._writes % WRITES_BETWEEN_CHECKPOINTS == 0 and (self._checkpoint is None or self._checkpoint.done()):
            self._checkpoint = asyncio.create_task(self._move_log())

    async def _move_log(self) -> None:
        async with self._patient_lock:
            with contextlib.suppress(sqlite3.Error):
                await asyncio.to_thread(self._patient.checkpoint)

    async def _write_patiently(
        self, view: str, entity: bytes, row: Mapping[str, Scalar], timestamp_us: int, expected_us: int | None
    ) -> bool:
        async with self._patient_lock:
            try:
                return await asyncio.to_thread(
                    self._patient.replace, view, entity, row, timestamp_us=timestamp_us, expected_us=expected_us
                )
            except sqlite3.OperationalError as error:
                raise OSError(f"online store: {error}") from error
