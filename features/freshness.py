"""How fresh a row is, and what a view's stored row becomes for its readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from features.errors import RowError
from features.plan import ROOT_OF_KEY, PlannedView
from features.scalars import FeatureType, coerce
from features.vector import ERROR_ROW, MISSING_ROW, Scalar, ViewRow


def row_of(view: PlannedView, values: Mapping[str, Scalar], timestamp_us: int, now_us: int) -> ViewRow:
    """A stored row, with its freshness at ``now_us``."""
    stale = view.ttl_us > 0 and now_us - timestamp_us > view.ttl_us
    return ViewRow(values, timestamp_us, "stale" if stale else "fresh")


def missing_rows(views: tuple[PlannedView, ...], keys: Mapping[str, str]) -> dict[str, ViewRow]:
    """A missing row for every view that ``keys`` can find."""
    return {view.name: MISSING_ROW for view in views if view.join_key in keys}


def error_rows(views: tuple[PlannedView, ...], keys: Mapping[str, str]) -> dict[str, ViewRow]:
    """An error row for every view that ``keys`` can find."""
    return {view.name: ERROR_ROW for view in views if view.join_key in keys}


def kept_us(views: Sequence[PlannedView], join_key: str) -> int:
    """How long rows are kept: a session's as long as they can be fresh, all others for ever, which is 0."""
    lives = [view.ttl_us for view in views if view.join_key == join_key]
    return max(lives) if ROOT_OF_KEY.get(join_key) == "session" and all(lives) else 0


def types_of(view: PlannedView) -> dict[str, FeatureType]:
    """Feature → declared type."""
    return {feature.name: feature.type for feature in view.features}


def typed(types: Mapping[str, FeatureType], stored: Mapping[str, object]) -> dict[str, Scalar]:
    """Stored values in their declared types. What does not fit counts as never written: its type may have changed."""
    values: dict[str, Scalar] = {}
    for name, value in stored.items():
        fitting = coerce(types[name], value) if name in types else None
        if fitting is not None:
            values[name] = fitting
    return values


def writable(view: PlannedView, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """``values`` in their declared types.

    Raises:
        RowError: a name is not declared, or a value is not of its type.
    """
    types = types_of(view)
    row: dict[str, Scalar] = {}
    for name, value in values.items():
        fitting = coerce(types[name], value) if name in types else None
        if fitting is None:
            raise RowError(f"{view.name}.{name} cannot be such a {type(value).__name__}")
        row[name] = fitting
    return row
