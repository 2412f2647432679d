"""Many rows into the embedded online store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from features.embedded.rowstore import Fate, RowStore, RowWrite
from features.entity_key import EntityKeys
from features.files.bulk import BulkRow, in_chunks
from features.plan import Plan, PlannedView

ROWS_PER_TRANSACTION = 250
"""A few milliseconds: so long a turn's own write may have to wait."""
BUSY_MS = 10_000


class BulkSqlite:
    """``BulkWriter`` over the file that ``WalSqliteOnlineStore`` writes."""

    def __init__(self, plan: Plan, view: PlannedView, path: Path) -> None:
        self._view = view.name
        self._keys = EntityKeys(str(view.join_key))
        self._rows = RowStore(path, plan.definitions.project, busy_ms=BUSY_MS)

    def merge(self, rows: Iterable[BulkRow]) -> list[Fate]:
        """See ``BulkWriter.merge``."""
        fates: list[Fate] = []
        for chunk in in_chunks(map(self._write, rows), ROWS_PER_TRANSACTION):
            try:
                fates += self._rows.merge(chunk)
            except sqlite3.OperationalError as error:
                raise OSError(f"online store: {error}") from error
        return fates

    def close(self) -> None:
        """See ``BulkWriter.close``."""
        self._rows.close()

    def _write(self, row: BulkRow) -> RowWrite:
        return RowWrite(self._view, self._keys.key(row.key), row.timestamp_us, row.values)
