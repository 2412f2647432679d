"""Writes what a change makes of the states that it concerns: of the session, and of whoever is in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from features import exposure, session
from features.changes import Change, Fold
from features.clock import Clock, wall_clock
from features.errors import RowError
from features.exposure import EXPOSURE_VIEW
from features.session import SESSION_KEY, SESSION_VIEW
from features.vector import FeatureStore, RowChange, ViewRow

ATTEMPTS = 4


class Folded(NamedTuple):
    """A view whose rows are states, what they are found by, and how a change changes them."""

    view: str
    join_key: str
    fold: Fold


FOLDED = (Folded(SESSION_VIEW, SESSION_KEY, session.fold), Folded(EXPOSURE_VIEW, "user_id", exposure.fold))


class StateWriter:
    """Writes states: one awaited compare-and-set per change, for all rows together."""

    def __init__(self, store: FeatureStore, clock: Clock = wall_clock) -> None:
        self._store = store
        self._clock = clock

    async def apply(
        self,
        keys: Mapping[str, str],
        change: Change,
        rows: Mapping[str, ViewRow] | None = None,
        began_us: int | None = None,
    ) -> bool:
        """Fold ``change`` into the rows of these entities. Views that the repository does not have are left out.

        Args:
            keys: join key → entity value.
            rows: as they were read for this turn; ``None`` to read them now.
            began_us: when reading them began: whoever was erased since then stays erased.

        Returns:
            False if the store is down, others kept winning the race, or a row holds what its view no longer allows:
            that state is then as it was. Never raises.
        """
        began_us = self._clock() if began_us is None else began_us
        pending = [folded for folded in FOLDED if folded.join_key in keys]
        for _ in range(ATTEMPTS):
            if rows is None:
                rows = await self._store.read(keys)
            readable = [folded for folded in pending if not _is_unread(rows.get(folded.view))]
            try:
                lost = await self._lost(self._changed(readable, keys, change, rows, began_us))
            except (OSError, RowError):
                return False
            if not lost:
                return len(readable) == len(pending)
            pending = [folded for folded in pending if folded.view in lost or folded not in readable]
            rows = None
        return False

    async def _lost(self, changes: Iterator[RowChange]) -> set[str]:
        """Views whose rows somebody else changed since they were read."""
        asked = list(changes)
        written = await self._store.write(asked) if asked else []
        return {change.view for change, done in zip(asked, written, strict=True) if not done}

    def _changed(
        self,
        readable: Sequence[Folded],
        keys: Mapping[str, str],
        change: Change,
        rows: Mapping[str, ViewRow],
        began_us: int,
    ) -> Iterator[RowChange]:
        now_us = self._clock()
        for view, join_key, fold in readable:
            row = rows.get(view)
            if row is not None and (state := fold(row.values, change, now_us)) != row.values:
                last_us = row.timestamp_us
                timestamp_us = now_us if last_us is None else max(now_us, last_us + 1)
                yield RowChange(view, keys[join_key], state, timestamp_us, last_us, began_us)


def _is_unread(row: ViewRow | None) -> bool:
    return row is not None and row.freshness == "error"
