"""A feature store that never lets a decision wait, and remembers what it read last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from features.failing import Breaker
from features.freshness import error_rows
from features.plan import PlannedView
from features.punctual import in_time
from features.vector import FeatureStore, Scalar, ViewRow

DEADLINE_MS = 20
REMEMBERED = 10_000


class ReadWatch(Protocol):
    """Is told how reading goes."""

    def count_unread(self, views: int, *, remembered: int) -> None:
        """So many rows could not be read; for some of them the last known one stood in."""
        ...


class Unwatched:
    """For those whom nobody watches."""

    def count_unread(self, views: int, *, remembered: int) -> None:
        """See ``ReadWatch``."""


class GuardedStore:
    """``FeatureStore`` over another one. No retries: the next decision is the retry.

    A read that is not answered in time, or is spared because several in a row were not, gives for each row the one that
    this process read last, marked ``stale`` and ``remembered``, or else an error row.

    Args:
        views: those with rows in the store.
        deadline_ms: for one read.
        remembered: entities of which the last rows are kept in memory; 0 for none.
    """

    def __init__(
        self,
        store: FeatureStore,
        views: tuple[PlannedView, ...],
        *,
        deadline_ms: float = DEADLINE_MS,
        remembered: int = REMEMBERED,
        breaker: Breaker | None = None,
        watch: ReadWatch | None = None,
    ) -> None:
        self._store = store
        self._views = views
        self._deadline_s = deadline_ms / 1_000
        self._breaker = breaker or Breaker()
        self._watch = watch or Unwatched()
        self._last = _LastRows(remembered)

    async def read(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        """See ``FeatureStore.read``. In time, whatever the store does."""
        if not self._breaker.admits():
            return self._instead(keys)
        try:
            rows = await in_time(self._store.read(keys), self._deadline_s)
        except TimeoutError:
            self._breaker.failed()
            return self._instead(keys)
        if any(row.freshness == "error" for row in rows.values()):
            self._breaker.failed()
            return self._instead(keys)
        self._breaker.succeeded()
        self._last.remember(keys, rows, self._views)
        return rows

    async def write(
        self, view: str, key: str, values: Mapping[str, Scalar], *, timestamp_us: int, expected_us: int | None
    ) -> bool:
        """See ``FeatureStore.write``. Raises ``OSError`` at once while the store is known not to answer."""
        if self._breaker.is_open:
            raise OSError("online store: out of reach")
        return await self._store.write(view, key, values, timestamp_us=timestamp_us, expected_us=expected_us)

    async def close(self) -> None:
        """See ``FeatureStore.close``."""
        await self._store.close()

    def _instead(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        rows = {**error_rows(self._views, keys), **self._last.of(keys)}
        self._watch.count_unread(len(rows), remembered=sum(row.remembered for row in rows.values()))
        return rows


class _LastRows:
    """The rows of the entities that were read last, by join key and value."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: OrderedDict[tuple[str, str], dict[str, ViewRow]] = OrderedDict()

    def remember(self, keys: Mapping[str, str], rows: Mapping[str, ViewRow], views: tuple[PlannedView, ...]) -> None:
        for join_key, value in keys.items():
            found = {view.name: rows[view.name] for view in views if view.join_key == join_key and view.name in rows}
            self._rows[join_key, value] = found
            self._rows.move_to_end((join_key, value))
        while len(self._rows) > self._most:
            self._rows.popitem(last=False)

    def of(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        """Rows that were there; that there was none is not worth knowing."""
        found = [self._rows.get(key, {}) for key in keys.items()]
        return {
            view: replace(row, freshness="stale", remembered=True)
            for rows in found
            for view, row in rows.items()
            if row.timestamp_us is not None
        }
