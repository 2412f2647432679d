"""Rows that the store could not take yet: the newest of each, with the time that it has."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping

from features.plan import PlannedView
from features.vector import RowChange

MOST_UNSENT = 10_000


class Unsent:
    """At most so many rows; the one that waits longest goes first. For one thread."""

    def __init__(self, views: tuple[PlannedView, ...], most: int = MOST_UNSENT) -> None:
        self._join_keys = {view.name: str(view.join_key) for view in views}
        self._most = most
        self._changes: OrderedDict[tuple[str, str], RowChange] = OrderedDict()

    def __len__(self) -> int:
        return len(self._changes)

    def __contains__(self, change: RowChange) -> bool:
        """Whether its row waits."""
        return (change.view, change.key) in self._changes

    def keep(self, change: RowChange) -> int:
        """Instead of what waits for the same row; began when that began, since it is made of it. How many had to go."""
        at = change.view, change.key
        before = self._changes.get(at)
        began_us = change.began_us if before is None else min(before.began_us, change.began_us)
        self._changes[at] = change._replace(began_us=began_us)
        if len(self._changes) <= self._most:
            return 0
        self._changes.popitem(last=False)
        return 1

    def of(self, keys: Mapping[str, str]) -> list[RowChange]:
        """What waits for rows of these entities."""
        rows = ((view, keys[key]) for view, key in self._join_keys.items() if key in keys)
        return [self._changes[row] for row in rows if row in self._changes]

    def oldest(self) -> Iterator[RowChange]:
        """All that waits now, in the order in which it came."""
        return iter(list(self._changes.values()))

    def done(self, change: RowChange) -> None:
        """It does not wait any more, unless a newer one took its place."""
        at = change.view, change.key
        if self._changes.get(at) is change:
            del self._changes[at]

    def forget(self, keys: Mapping[str, str]) -> None:
        """Nothing of these entities is ever sent."""
        for change in self.of(keys):
            self.done(change)
