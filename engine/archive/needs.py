"""What a learner that is started again would have to read from the journal."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from engine.join import Joiner
from engine.journal.base import Stored
from engine.lineage import STARTS, Resumed
from engine.records.schema import ControlRecord, SettlementRecord
from engine.sqlite_parking import SqliteParking


class Needs:
    """Feed it every record of a journal in order; ask it for the first position that somebody still needs.

    Decisions that are not settled are needed to settle them, and decisions that were learned but are in no snapshot to
    learn them again. Control records are needed always, and never cut.

    Args:
        resumable: placement → the snapshot that the learner would go on from (``publications.resumable``).
    """

    def __init__(self, resumable: Mapping[str, Resumed]) -> None:
        self._joiner = Joiner(parking=SqliteParking(Path(tempfile.gettempdir())))
        self._resumable = resumable
        self._lineages: dict[str, str] = {}
        self._to_learn: dict[str, int] = {}

    def observe(self, stored: Stored) -> None:
        """Take in the next record."""
        self._joiner.observe(stored)
        record = stored.record
        if isinstance(record, ControlRecord) and record.action in STARTS:
            self._lineages[record.placement] = record.version
            self._to_learn.pop(record.placement, None)
        elif isinstance(record, SettlementRecord) and record.learn and not self._is_in_snapshot(stored, record):
            first = self._to_learn.get(record.placement, record.decision_position)
            self._to_learn[record.placement] = min(first, record.decision_position)

    @property
    def to_settle(self) -> int | None:
        """The first position that is about an unsettled decision; ``None`` if all are settled."""
        return self._joiner.low_watermark

    @property
    def to_learn(self) -> int | None:
        """The first decision that was learned after the newest good snapshot; ``None`` if there is none."""
        return min(self._to_learn.values(), default=None)

    def _is_in_snapshot(self, stored: Stored, record: SettlementRecord) -> bool:
        lineage = self._lineages.get(record.placement)
        if lineage is None:
            return True
        resumable = self._resumable.get(record.placement)
        return (
            resumable is not None
            and resumable.lineage == lineage
            and stored.position <= resumable.state.settled_position
        )
