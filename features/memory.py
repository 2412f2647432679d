"""A ``FeatureStore`` in memory: for tests, and for trying things out without Feast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from features.clock import Clock, wall_clock
from features.schema import VIEWS
from features.vector import ERROR_ROW, MISSING_ROW, Scalar, ViewRow

JOIN_KEYS: Mapping[str, str] = {view.name: view.join_key for view in VIEWS if view.join_key is not None}
TTL_US: Mapping[str, int] = {view.name: round(view.ttl.total_seconds() * 1e6) for view in VIEWS if view.ttl is not None}


class MemoryStore:
    """The rows of the declared views. While ``down`` is set it answers like a store that cannot be reached."""

    def __init__(self, clock: Clock = wall_clock) -> None:
        self.down = False
        self._rows: dict[tuple[str, str], ViewRow] = {}
        self._clock = clock

    async def read(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        """See ``FeatureStore.read``."""
        return {view: self._row(view, keys[join_key]) for view, join_key in JOIN_KEYS.items() if join_key in keys}

    async def write(
        self, view: str, key: str, values: Mapping[str, Scalar], *, timestamp_us: int, expected_us: int | None
    ) -> bool:
        """See ``FeatureStore.write``."""
        if self.down:
            raise OSError("the store is down")
        if self._rows.get((view, key), MISSING_ROW).timestamp_us != expected_us:
            return False
        self._rows[view, key] = ViewRow(dict(values), timestamp_us, "fresh")
        return True

    async def close(self) -> None:
        """See ``FeatureStore.close``."""

    def _row(self, view: str, key: str) -> ViewRow:
        if self.down:
            return ERROR_ROW
        row = self._rows.get((view, key), MISSING_ROW)
        stale = row.timestamp_us is not None and self._clock() - row.timestamp_us > TTL_US[view]
        return replace(row, freshness="stale") if stale else row
