"""A feature store that never lets a decision wait, remembers what it read last, and sends later what it cannot now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

from features.freshness import error_rows, writable
from features.guarded.failing import Breaker
from features.guarded.last_rows import LastRows
from features.guarded.unsent import MOST_UNSENT, Unsent
from features.plan import PlannedView
from features.punctual import in_time
from features.vector import ERROR_ROW, FeatureStore, RowChange, ViewRow

DEADLINE_MS = 20
REMEMBERED = 10_000
FAREWELL_S = 1.0

Fate = Literal["kept", "written", "dropped"]
"""Of a row that could not be written when it was made: it waits, it was written later, there was no room or no need."""


class StoreWatch(Protocol):
    """Is told how reading and writing go."""

    def count_unread(self, views: int, *, remembered: int) -> None:
        """So many rows could not be read; for some of them the last known one stood in."""
        ...

    def count_unsent(self, rows: int, fate: Fate) -> None:
        """What became of rows that could not be written at once."""
        ...


class Unwatched:
    """For those whom nobody watches."""

    def count_unread(self, views: int, *, remembered: int) -> None:
        """See ``StoreWatch``."""

    def count_unsent(self, rows: int, fate: Fate) -> None:
        """See ``StoreWatch``."""


class GuardedStore:
    """``FeatureStore`` over another one. No retries: the next decision is the retry.

    A read that is not answered in time, or is spared because several in a row were not, gives for each row the one that
    this process read or wrote last, marked ``stale`` and ``remembered``, or else an error row. A write that fails waits
    here, the newest of each row, and is written when the store answers again, unless a newer row is there by then. It
    has its original time, and began when what it was made of was read: whoever was erased meanwhile stays erased.

    Args:
        views: those with rows in the store.
        deadline_ms: for one read, and for one write.
        remembered: entities of which the last rows are kept in memory; 0 for none.
        most_unsent: rows that may wait.
        now: in seconds, for the breakers: one for reading and one for writing, since either may fail alone.
    """

    def __init__(
        self,
        store: FeatureStore,
        views: tuple[PlannedView, ...],
        *,
        deadline_ms: float = DEADLINE_MS,
        remembered: int = REMEMBERED,
        most_unsent: int = MOST_UNSENT,
        now: Callable[[], float] = time.monotonic,
        watch: StoreWatch | None = None,
    ) -> None:
        self._store = store
        self._views = views
        self._by_name = {view.name: view for view in views}
        self._deadline_s = deadline_ms / 1_000
        self._breaker = Breaker(now=now, of="reading")
        self._write_breaker = Breaker(now=now, of="writing")
        self._watch = watch or Unwatched()
        self._last = LastRows(views, remembered)
        self._unsent = Unsent(views, most_unsent)
        self._sending: asyncio.Task[None] | None = None

    @property
    def unsent(self) -> int:
        """How many rows wait to be written."""
        return len(self._unsent)

    async def read(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        """See ``FeatureStore.read``. In time, whatever the store does."""
        rows = await self._read_in_time(keys)
        if any(row.freshness == "error" for row in rows.values()):
            rows = self._filled(keys, rows)
        if self._unsent:
            self._send_soon()
            for change in self._unsent.of(keys):
                rows[change.view] = await self._settled(change, rows[change.view])
        self._last.remember(keys, rows)
        return rows

    async def write(self, changes: Sequence[RowChange]) -> list[bool]:
        """See ``FeatureStore.write``. In time; what cannot be written now is kept, which is ``True`` too."""
        if self._breaker.is_open or any(change in self._unsent for change in changes):
            return self._kept(changes)
        if not self._write_breaker.admits():
            return self._kept(changes)
        try:
            done = await in_time(self._store.write(changes), self._deadline_s)
        except OSError:
            self._write_breaker.failed()
            return self._kept(changes)
        self._write_breaker.succeeded()
        for change, written in zip(changes, done, strict=True):
            if written:
                self._last.replace(change)
        return done

    async def erase(self, keys: Mapping[str, str], at_us: int) -> int:
        """See ``FeatureStore.erase``; what is remembered and what waits goes first."""
        self._last.forget(keys)
        self._unsent.forget(keys)
        return await self._store.erase(keys, at_us)

    async def close(self) -> None:
        """See ``FeatureStore.close``. What waits is offered once more, for a second at most."""
        if self._unsent:
            self._send_soon()
        if self._sending is not None:
            await asyncio.wait([self._sending], timeout=FAREWELL_S)
            self._sending.cancel()
        await self._store.close()

    async def _read_in_time(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        """Error rows for whatever was not read. The breaker sees only what failed altogether."""
        if not self._breaker.admits():
            return error_rows(self._views, keys)
        try:
            rows = await in_time(self._store.read(keys), self._deadline_s)
        except TimeoutError:
            self._breaker.failed()
            return error_rows(self._views, keys)
        if rows and all(row.freshness == "error" for row in rows.values()):
            self._breaker.failed()
        elif rows:
            self._breaker.succeeded()
        return rows

    def _filled(self, keys: Mapping[str, str], rows: Mapping[str, ViewRow]) -> dict[str, ViewRow]:
        known = self._last.of(keys)
        unread = [name for name, row in rows.items() if row.freshness == "error"]
        self._watch.count_unread(len(unread), remembered=len(known.keys() & set(unread)))
        return {**rows, **{name: known.get(name, ERROR_ROW) for name in unread}}

    def _kept(self, changes: Sequence[RowChange]) -> list[bool]:
        for change in changes:
            writable(self._by_name[change.view], change.values)
        return [self._keep(change) for change in changes]

    def _keep(self, change: RowChange) -> bool:
        known = self._last.row_of(change)
        if known is not None and known.timestamp_us != change.expected_us:
            return False
        dropped = self._unsent.keep(change._replace(began_us=self._last.read_us(change)))
        self._last.replace(change)
        self._watch.count_unsent(1, "kept")
        self._watch.count_unsent(dropped, "dropped")
        return True

    def _send_soon(self) -> None:
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_all())

    async def _send_all(self) -> None:
        for change in self._unsent.oldest():
            if self._breaker.is_open:
                return
            await self._settled(change, await self._stored(change))
            if change in self._unsent:
                return

    async def _stored(self, change: RowChange) -> ViewRow:
        join_key, value = self._last.entity_of(change)
        return (await self._read_in_time({join_key: value}))[change.view]

    async def _settled(self, change: RowChange, stored: ViewRow) -> ViewRow:
        """The row that waits, or what is stored instead: something newer, or nothing of somebody who was erased."""
        if stored.freshness == "error" or stored.remembered:
            return _remembered(change)
        if (stored.timestamp_us or 0) >= change.timestamp_us:
            return self._superseded(change, stored)
        if not await self._sent(change, stored):
            return _remembered(change)
        self._unsent.done(change)
        self._watch.count_unsent(1, "written")
        return await self._stored(change)

    async def _sent(self, change: RowChange, stored: ViewRow) -> bool:
        if not self._write_breaker.admits():
            return False
        try:
            [done] = await in_time(
                self._store.write([change._replace(expected_us=stored.timestamp_us)]), self._deadline_s
            )
        except OSError:
            self._write_breaker.failed()
            return False
        self._write_breaker.succeeded()
        return done

    def _superseded(self, change: RowChange, stored: ViewRow) -> ViewRow:
        self._unsent.done(change)
        self._watch.count_unsent(1, "dropped")
        return stored


def _remembered(change: RowChange) -> ViewRow:
    return ViewRow(change.values, change.timestamp_us, "stale", remembered=True)
