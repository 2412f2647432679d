"""Predictions on their way to serving: into the online store and the history, as ``features load`` brings a file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from features.files.bulk_open import open_bulk
from features.files.columns import EVENT_TIME, columns_of
from features.files.load import Load, Loaded
from features.files.parts import parts_of
from features.files.refusals import RefusedRows
from features.files.tabular import Tabular
from features.plan import Plan
from features.predictions.choice import Target, target_of
from features.scalars import FeatureType


class Destination(NamedTuple):
    """Where predictions go: a feature of a deployment's plan."""

    plan: Plan
    target: Target

    @classmethod
    def named(cls, plan: Plan, name: str, type_: FeatureType) -> Destination:
        """The feature of this qualified name. Raises ``LoadError`` or ``PredictionError`` if there is none."""
        return cls(plan, target_of(plan, name, type_))

    def write(self, keys: pa.Array, values: pa.Array, at_us: int, progress: Callable[[int], None]) -> Loaded:
        """Write one prediction for each key.

        Args:
            at_us: when what they were made from was read: a newer row stays, and so does an erasure since then.

        Raises:
            OSError: the store did not answer, or the history cannot be written; doing it again completes it.
        """
        view = self.target.view
        times = pa.repeat(pa.scalar(at_us, pa.timestamp("us", tz="UTC")), len(keys))
        rows = pa.table({str(view.join_key): keys, EVENT_TIME: times, self.target.feature.name: values})
        with tempfile.TemporaryDirectory(dir=self.plan.home, prefix=".predictions-") as folder:
            file = Path(folder) / "predictions.parquet"
            pq.write_table(rows, file)
            return self._load(Tabular(file), file.with_suffix(".refused.csv"), progress)

    def _load(self, table: Tabular, refused: Path, progress: Callable[[int], None]) -> Loaded:
        columns = columns_of(table.columns, self.target.view, {}, None, None)
        rows, parts = RefusedRows(refused, table.columns), parts_of(self.plan, self.target.view)
        with closing(open_bulk(self.plan, self.target.view)) as store:
            return Load(table, columns, parts=parts, refused=rows).into(store, progress)
