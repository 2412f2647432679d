"""Which declared features of users predictions are made from, and into which one they go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from features.errors import PredictionError
from features.files.columns import view_to_load
from features.plan import Plan, PlannedFeature, PlannedView
from features.scalars import FeatureType
from features.schema import qualified

VIEW = "user_predictions"
SEGMENT = "segment"
PROPENSITY = "_propensity"


class Target(NamedTuple):
    """The feature that predictions are written into."""

    view: PlannedView
    feature: PlannedFeature

    @property
    def qualified(self) -> str:
        """``view.name``."""
        return qualified(self.view.name, self.feature.name)


class Choice(NamedTuple):
    """View → the features that were chosen; and which were not → why."""

    chosen: Mapping[str, tuple[PlannedFeature, ...]]
    left_out: Mapping[str, str]


def target_of(plan: Plan, name: str, type_: FeatureType) -> Target:
    """The feature of this qualified name.

    Raises:
        LoadError: there is no such view.
        PredictionError: there is no such feature in it, or it is of another type.
    """
    view_name, _, feature_name = name.partition(".")
    view = view_to_load(plan, view_name)
    for feature in view.features:
        if feature.name == feature_name and feature.type == type_:
            return Target(view, feature)
    raise PredictionError(f"{name} is no feature of type {type_}: declare it, or name another one with --into")


def choice_of(plan: Plan, target: Target, only: Sequence[str] = (), without: Sequence[str] = ()) -> Choice:
    """What segments are made from: the features of whom the target is about.

    Args:
        only: qualified names; without any, all that nothing speaks against.

    Raises:
        PredictionError: a name is none, nothing is left, or what is asked for may reach templates only.
    """
    offered = dict(_offered(plan, target))
    for name in (*only, *without):
        if name not in offered:
            raise PredictionError(
                f"{name!r} has no history that it could be learned from: {', '.join(sorted(offered))}"
            )
    against = {name: _against(feature, target) for name, feature in offered.items()}
    refused = {name: why for name, why in against.items() if name in only and offered[name].render_only and why}
    for name, why in refused.items():
        raise PredictionError(f"{name}: {why}")
    taken = [name for name in only or [n for n, why in against.items() if not why] if name not in without]
    if not taken:
        raise PredictionError("no feature is left to learn from")
    return Choice(_by_view(taken, offered), {name: why for name, why in against.items() if why and name not in taken})


def _by_view(names: Sequence[str], offered: Mapping[str, PlannedFeature]) -> dict[str, tuple[PlannedFeature, ...]]:
    views = dict.fromkeys(name.partition(".")[0] for name in names)
    return {view: tuple(offered[name] for name in names if name.partition(".")[0] == view) for view in views}


def _offered(plan: Plan, target: Target) -> Iterator[tuple[str, PlannedFeature]]:
    for view in plan.stored_views:
        if view.join_key == target.view.join_key and view.name in plan.sources:
            yield from ((qualified(view.name, feature.name), feature) for feature in view.features)


def _against(feature: PlannedFeature, target: Target) -> str | None:
    """Why nobody should learn from it without having asked for it."""
    if feature.render_only:
        return "may reach templates and nothing else"
    if feature.name == SEGMENT or feature.name.endswith(PROPENSITY):
        return "is a prediction itself"
    if feature.sensitivity != "none":
        return f"{feature.sensitivity}: ask for it with --feature"
    if feature.purpose != target.feature.purpose:
        return f"agreed to for {feature.purpose}, not for {target.feature.purpose}"
    if not feature.learn:
        return "declared as nothing to learn from"
    if feature.type == "string" and not feature.vocabulary:
        return "a text without a vocabulary"
    return None
