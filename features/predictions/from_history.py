"""What is known of users now, from the Parquet files that Feast's offline store reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.errors import PredictionError
from features.files.cells import ARROW
from features.files.moments import moments_us
from features.files.parts import BATCH_ROWS, files_of, told_by
from features.plan import Plan, PlannedFeature, PlannedView
from features.predictions.categories import categories, few, yes_or_no
from features.predictions.table import Column, Ints, Numbers, Table
from features.schema import qualified

OTHER = "(other)"
"""Stands for every value outside the declared vocabulary."""
NEVER = -(2**63)
MOST_SEEN = 3


def latest(plan: Plan, chosen: Mapping[str, Sequence[PlannedFeature]]) -> Table:
    """The newest known value of each feature for everybody, as the online store has it.

    A part without a column leaves what was known of it, as loading it did.

    Args:
        chosen: view → features. The views have one join key.

    Raises:
        PredictionError: there is no history, or a text that was asked for has too many values.
        OSError: it cannot be read.
    """
    views = [view for view in plan.stored_views if view.name in chosen and view.name in plan.sources]
    histories = [_History(view, plan) for view in views]
    keys = pc.unique(pa.chunked_array([part for history in histories for part in history.whose()] or [[]], pa.string()))
    keys = keys.filter(pc.and_(pc.is_valid(keys), pc.not_equal(keys, "")))
    if not len(keys):
        raise PredictionError("nobody is in Feast's history: load users with `maitred features load`, or give --data")
    columns = [column for history in histories for column in history.columns(chosen[history.view.name], keys)]
    return Table(len(keys), tuple(columns), keys)


class _History:
    """The rows of one view; they are read a batch at a time."""

    def __init__(self, view: PlannedView, plan: Plan) -> None:
        self.view = view
        self._key = str(view.join_key)
        self._timestamp = plan.sources[view.name].timestamp
        self._files = files_of(plan.sources[view.name].path)

    def whose(self) -> Iterator[pa.Array]:
        """Who is in it, more than once."""
        for path in self._files:
            for batch in _batches(path, [self._key]):
                yield pc.unique(batch.column(self._key).cast(pa.string()))

    def columns(self, features: Sequence[PlannedFeature], keys: pa.Array) -> list[Column]:
        """The features' newest values for each of ``keys``."""
        newest = {feature.name: _Newest(len(keys), feature) for feature in features}
        for path in self._files:
            told = [name for name in newest if _tells(path, name)]
            for batch in _batches(path, [self._key, self._timestamp, *told]):
                rows = _rows(batch, self._key, self._timestamp, keys)
                for name in told:
                    newest[name].see(rows, batch.column(name))
        return [_column(self.view.name, feature, newest[feature.name].values()) for feature in features]


class _Rows(NamedTuple):
    """Some rows, by time: their places, whose they are, and when."""

    places: Ints
    users: Ints
    times_us: Ints


class _Newest:
    """Keeps each user's newest value: batches are seen in any order."""

    def __init__(self, users: int, feature: PlannedFeature) -> None:
        self._at_us = np.full(users, NEVER)
        self._place = np.zeros(users, dtype=np.int64)
        self._seen = pa.chunked_array([pa.nulls(1, ARROW[feature.type])])

    def see(self, rows: _Rows, values: pa.Array) -> None:
        """Some more. What is not the newest is let go when it becomes too much."""
        newer = rows.times_us >= self._at_us[rows.users]
        users = rows.users[newer]
        self._at_us[users] = rows.times_us[newer]
        self._place[users] = len(self._seen) + rows.places[newer]
        self._seen = pa.chunked_array([*self._seen.chunks, values.cast(self._seen.type)])
        if len(self._seen) > MOST_SEEN * (len(self._place) + BATCH_ROWS):
            self._seen, self._place = pa.chunked_array([self.values()]), np.arange(len(self._place))

    def values(self) -> pa.Array:
        """Null for those of whom nothing is known."""
        return self._seen.take(pa.array(self._place)).combine_chunks()


def _rows(batch: pa.RecordBatch, key: str, timestamp: str, keys: pa.Array) -> _Rows:
    """Those that are somebody's and have a time."""
    whose = pc.index_in(batch.column(key).cast(pa.string()), value_set=keys)
    users = pc.fill_null(whose, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    moments = moments_us(batch.column(timestamp))
    times = np.array([NEVER if moment is None else moment for moment in moments], dtype=np.int64)
    order = np.argsort(times, kind="stable")
    order = order[(users[order] >= 0) & (times[order] > NEVER)]
    return _Rows(order, users[order], times[order])


def _batches(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(BATCH_ROWS, columns=columns)


def _tells(path: Path, feature: str) -> bool:
    told = told_by(path).features
    return feature in told if told is not None else feature in pq.read_schema(path).names


def _column(view: str, feature: PlannedFeature, values: pa.Array) -> Column:
    column = _typed(qualified(view, feature.name), feature, values)
    return replace(column, label=feature.name.replace("_", " "))


def _typed(name: str, feature: PlannedFeature, values: pa.Array) -> Column:
    if feature.type == "bool":
        return yes_or_no(name, values)
    if feature.type == "string":
        return _text(name, values, feature.vocabulary)
    floats = pc.fill_null(values.cast(pa.float64(), safe=False), np.nan)
    return Numbers(name, floats.to_numpy(zero_copy_only=False), name)


def _text(name: str, values: pa.Array, vocabulary: Sequence[str]) -> Column:
    if vocabulary:
        known = pc.or_(pc.is_in(values, pa.array(vocabulary)), pc.is_null(values))
        values = pc.if_else(known, values, OTHER)
    column = few(categories(name, values))
    if isinstance(column, str):
        raise PredictionError(f"{name} cannot be learned from: {column}")
    return column
