"""What is known of the entities that were read last: it stands in while the store does not answer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from features.clock import Clock, wall_clock
from features.plan import PlannedView
from features.vector import RowChange, ViewRow

REMEMBERED_US = 3_600_000_000
"""So long at most: whoever is erased elsewhere must not be remembered here for good."""

Entity = tuple[str, str]
"""Join key and value."""


@dataclass(slots=True)
class _Known:
    rows: dict[str, ViewRow]
    read_us: int


class LastRows:
    """The rows of the entities that were last read or written. For one thread.

    Args:
        most: entities; the one not read for the longest time goes.
        clock: when something was read.
    """

    def __init__(self, views: tuple[PlannedView, ...], most: int, clock: Clock = wall_clock) -> None:
        self._join_keys = {view.name: str(view.join_key) for view in views}
        self._most = most
        self._clock = clock
        self._known: OrderedDict[Entity, _Known] = OrderedDict()

    def remember(self, keys: Mapping[str, str], rows: Mapping[str, ViewRow]) -> None:
        """What the store has now; a row that it did not give is as it was."""
        for entity in keys.items():
            read = {name: row for name, row in rows.items() if self._join_keys.get(name) == entity[0]}
            given = {name: row for name, row in read.items() if not row.remembered and row.freshness != "error"}
            if given:
                self._keep(entity, given)

    def replace(self, change: RowChange) -> None:
        """The row is now this one."""
        entity = self.entity_of(change)
        known = self._known.get(entity)
        row = ViewRow(change.values, change.timestamp_us, "fresh")
        if known is None:
            self._keep(entity, {change.view: row})
        else:
            known.rows = {**known.rows, change.view: row}

    def forget(self, keys: Mapping[str, str]) -> None:
        """As if they had never been read."""
        for entity in keys.items():
            self._known.pop(entity, None)

    def of(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        """Rows that were there; that there was none is not worth knowing."""
        return {
            name: replace(row, freshness="stale", remembered=True)
            for entity in keys.items()
            if (known := self._of(entity)) is not None
            for name, row in known.rows.items()
            if row.timestamp_us is not None
        }

    def row_of(self, change: RowChange) -> ViewRow | None:
        """The row that a change is about, if it is known."""
        known = self._of(self.entity_of(change))
        return known.rows.get(change.view) if known is not None else None

    def read_us(self, change: RowChange) -> int:
        """When the row that a change is about was really read, whenever the change began."""
        known = self._of(self.entity_of(change))
        return change.began_us if known is None else min(known.read_us, change.began_us)

    def entity_of(self, change: RowChange) -> Entity:
        """Whom a change is about."""
        return self._join_keys[change.view], change.key

    def _of(self, entity: Entity) -> _Known | None:
        known = self._known.get(entity)
        return known if known is not None and self._clock() - known.read_us <= REMEMBERED_US else None

    def _keep(self, entity: Entity, rows: dict[str, ViewRow]) -> None:
        before = self._known.get(entity)
        self._known[entity] = _Known({**before.rows, **rows} if before is not None else rows, self._clock())
        self._known.move_to_end(entity)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
