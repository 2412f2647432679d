"""Which column of a file is which feature, which one says whose row it is, and which one when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from features.errors import LoadError
from features.plan import Plan, PlannedFeature, PlannedView

EVENT_TIME = "event_timestamp"


@dataclass(frozen=True, slots=True)
class Columns:
    """What a file's columns are.

    Attributes:
        key: holds the entity's value.
        time: holds event times; ``None`` if every row happened when it is loaded.
        features: column → the feature that takes its value.
        unused: columns that are nothing.
        absent: features of the view that no column has.
    """

    key: str
    time: str | None
    features: Mapping[str, PlannedFeature]
    unused: tuple[str, ...]
    absent: tuple[PlannedFeature, ...]


def columns_of(
    held: Sequence[str], view: PlannedView, renamed: Mapping[str, str], key: str | None, time: str | None
) -> Columns:
    """The columns of a file for a view. A column that has a feature's name is that feature.

    Args:
        held: the file's columns.
        renamed: column → feature, for those that have another name.
        key, time: columns; by default those with the name of the join key, and ``event_timestamp`` if there is one.

    Raises:
        LoadError: no such column or feature, or a feature has two columns.
    """
    key = key or str(view.join_key)
    time = time or (EVENT_TIME if EVENT_TIME in held else None)
    for name in (key, *([time] if time else []), *renamed):
        if name not in held:
            raise LoadError(f"the file has no column {name!r}: it has {', '.join(held)}")
    features = _features(held, view, renamed)
    rest = tuple(name for name in held if name not in features and name not in (key, time))
    filled = {feature.name for feature in features.values()}
    return Columns(key, time, features, rest, tuple(f for f in view.features if f.name not in filled))


def view_to_load(plan: Plan, name: str) -> PlannedView:
    """The view of this name. Raises ``LoadError`` if nothing is stored for it."""
    stored = {view.name: view for view in plan.stored_views}
    if name not in stored:
        raise LoadError(f"no view {name!r} is stored: there are {', '.join(sorted(stored))}")
    return stored[name]


def _features(held: Sequence[str], view: PlannedView, renamed: Mapping[str, str]) -> dict[str, PlannedFeature]:
    declared = {feature.name: feature for feature in view.features}
    named = {name: renamed.get(name, name) for name in held if name in renamed or name in declared}
    for column, feature in named.items():
        if feature not in declared:
            raise LoadError(f"{view.name} has no feature {feature!r} (for column {column!r})")
        if list(named.values()).count(feature) > 1:
            raise LoadError(f"{view.name}.{feature} has two columns")
    if not named:
        raise LoadError(f"no column is a feature of {view.name}: say which with --map column=feature")
    return {column: declared[feature] for column, feature in named.items()}
