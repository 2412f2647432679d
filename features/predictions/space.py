"""The space in which users are near each other: each feature counts the same, known or not.

A number is its distance from the mean in standard deviations, at most 4, with the median where it is not known, beside
a mark for that; a category is one indicator for each of its values. What a feature becomes is then scaled so that its
variance is 1 in all, but for one in which hardly anybody differs: that would let a few rare users make a cluster.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from scipy.stats import skew

from features.errors import PredictionError
from features.predictions.table import UNKNOWN, Categories, Column, Floats, Ints, Numbers, Table

MOST_DEVIATIONS = 4.0
MOST_WEIGHT = 5.0
"""Reached where one user in fifty differs."""
SKEWED = 2.0
"""What is never negative and leans further is seen by its logarithm."""
MISSING = "(missing)"
PLACED_AT_ONCE = 20_000


class NumberAxis(msgspec.Struct, frozen=True, kw_only=True, tag="number"):
    """A number: ``mean``, ``deviation`` and ``median`` are of what is known, of its logarithm if ``log``."""

    name: str
    label: str
    log: bool
    mean: float
    deviation: float
    median: float
    missing: float
    weight: float = 1.0

    @property
    def width(self) -> int:
        """How many coordinates it is."""
        return 2 if self.missing else 1

    def place(self, column: Column) -> Floats:
        """Coordinates, rows × ``width``."""
        if not isinstance(column, Numbers):
            raise PredictionError(f"{self.name} held numbers, and does not any more")
        seen = np.log1p(np.maximum(column.values, 0)) if self.log else column.values
        missing = np.isnan(seen)
        distance = (np.where(missing, self.median, seen) - self.mean) / self.deviation
        coordinates = [np.clip(distance, -MOST_DEVIATIONS, MOST_DEVIATIONS), missing - self.missing]
        return np.column_stack(coordinates[: self.width]) * self.weight


class CategoryAxis(msgspec.Struct, frozen=True, kw_only=True, tag="category"):
    """A category: which share of users has each of its levels, of which one may be ``MISSING``."""

    name: str
    label: str
    levels: tuple[str, ...]
    shares: tuple[float, ...]
    weight: float = 1.0

    @property
    def width(self) -> int:
        """How many coordinates it is."""
        return len(self.levels)

    def place(self, column: Column) -> Floats:
        """Coordinates, rows × ``width``. A level that was never seen is none of them."""
        if not isinstance(column, Categories):
            raise PredictionError(f"{self.name} held categories, and holds numbers now")
        held = self.held(column)
        indicators: Floats = np.equal.outer(held, np.arange(self.width)) - np.array(self.shares)
        return indicators * self.weight

    def held(self, column: Categories) -> Ints:
        """For each row the place of its level among ``levels``; ``UNKNOWN`` if it has none of them."""
        places = {level: place for place, level in enumerate(self.levels)}
        place_of = np.array([*(places.get(level, UNKNOWN) for level in column.levels), places.get(MISSING, UNKNOWN)])
        return place_of[column.codes]


Axis = NumberAxis | CategoryAxis


def space_of(table: Table) -> tuple[Axis, ...]:
    """The axes of the columns in which somebody differs from somebody."""
    found = (_number(column) if isinstance(column, Numbers) else _category(column) for column in table.columns)
    axes = zip((axis for axis in found), table.columns, strict=True)
    return tuple(_weighted(axis, column) for axis, column in axes if axis is not None)


def place(axes: Sequence[Axis], table: Table) -> Floats:
    """Where users are: rows × the sum of widths. Raises ``PredictionError`` if a column is not there, or another."""
    columns = table.of([axis.name for axis in axes])
    return np.hstack([axis.place(column) for axis, column in zip(axes, columns, strict=True)])


def nearest(axes: Sequence[Axis], centres: Floats, table: Table) -> Ints:
    """Which of ``centres`` each user is nearest to. Memory does not grow with the users' number."""
    parts = [slice(first, first + PLACED_AT_ONCE) for first in range(0, table.rows, PLACED_AT_ONCE)]
    return np.concatenate([nearest_points(place(axes, table.at(part)), centres) for part in parts])


def nearest_points(points: Floats, centres: Floats) -> Ints:
    """Which of ``centres`` each point is nearest to."""
    distances = -2 * points @ centres.T + np.square(centres).sum(axis=1)
    return np.asarray(distances.argmin(axis=1), dtype=np.int64)


def _number(column: Numbers) -> NumberAxis | None:
    known = column.values[~np.isnan(column.values)]
    if not len(known) or known.min() == known.max() == known.mean():
        return None
    log = bool(known.min() >= 0 and skew(known) > SKEWED)
    seen = np.log1p(known) if log else known
    return NumberAxis(
        name=column.name,
        label=column.label,
        log=log,
        mean=float(seen.mean()),
        deviation=float(seen.std()),
        median=float(np.median(seen)),
        missing=1 - len(known) / len(column.values),
    )


def _category(column: Categories) -> CategoryAxis | None:
    counts = np.bincount(column.codes - UNKNOWN, minlength=len(column.levels) + 1) / len(column.codes)
    shares = dict(zip((MISSING, *column.levels), counts.tolist(), strict=True))
    held = {level: share for level, share in shares.items() if share}
    return (
        CategoryAxis(name=column.name, label=column.label, levels=tuple(held), shares=tuple(held.values()))
        if len(held) > 1
        else None
    )


def _weighted(axis: Axis, column: Column) -> Axis:
    variance = float(axis.place(column).var(axis=0).sum())
    return msgspec.structs.replace(axis, weight=min(MOST_WEIGHT, variance**-0.5) if variance else MOST_WEIGHT)
