"""A ``FeatureStore`` in memory: for tests, and for trying things out without Feast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from features.clock import Clock, wall_clock
from features.declared import VIEWS
from features.vector import ERROR_ROW, MISSING_ROW, RowChange, ViewRow

JOIN_KEYS: Mapping[str, str] = {view.name: view.join_key for view in VIEWS if view.join_key is not None}
TTL_US: Mapping[str, int] = {view.name: round(view.ttl.total_seconds() * 1e6) for view in VIEWS if view.ttl is not None}


class MemoryStore:
    """The rows of the declared views. While ``down`` is set it answers like a store that cannot be reached."""

    def __init__(self, clock: Clock = wall_clock) -> None:
        self.down = False
        self._rows: dict[tuple[str, str], ViewRow] = {}
        self._erased_us: dict[tuple[str, str], int] = {}
        self._clock = clock

    async def read(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        """See ``FeatureStore.read``."""
        return {view: self._row(view, keys[join_key]) for view, join_key in JOIN_KEYS.items() if join_key in keys}

    async def write(self, changes: Sequence[RowChange]) -> list[bool]:
        """See ``FeatureStore.write``."""
        self._require_up()
        return [self._replace(change) for change in changes]

    async def erase(self, keys: Mapping[str, str], at_us: int) -> int:
        """See ``FeatureStore.erase``."""
        self._require_up()
        for entity in keys.items():
            self._erased_us[entity] = max(at_us, self._erased_us.get(entity, at_us))
        rows = [(view, keys[join_key]) for view, join_key in JOIN_KEYS.items() if join_key in keys]
        return sum(self._rows.pop(row, None) is not None for row in rows)

    async def close(self) -> None:
        """See ``FeatureStore.close``."""

    def _require_up(self) -> None:
        if self.down:
            raise OSError("the store is down")

    def _replace(self, change: RowChange) -> bool:
        at = change.view, change.key
        if self._erased_us.get((JOIN_KEYS[change.view], change.key), change.began_us - 1) >= change.began_us:
            return True
        if self._rows.get(at, MISSING_ROW).timestamp_us != change.expected_us:
            return False
        self._rows[at] = ViewRow(dict(change.values), change.timestamp_us, "fresh")
        return True

    def _row(self, view: str, key: str) -> ViewRow:
        if self.down:
            return ERROR_ROW
        row = self._rows.get((view, key), MISSING_ROW)
        stale = row.timestamp_us is not None and self._clock() - row.timestamp_us > TTL_US[view]
        return replace(row, freshness="stale") if stale else row
