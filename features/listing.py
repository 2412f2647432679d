"""Every feature of a plan with all there is to know of it: its view, who reads it, and whether policies see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from features.plan import Plan, PlannedFeature, PlannedView
from features.schema import qualified

EVERYBODY = "*"
"""Stands for all who ask, where there are no services."""


@dataclass(frozen=True)
class Listed:
    """One feature.

    Attributes:
        root: the name under which rules and templates know its view.
        services: feature services that read it; all of them read what comes with the request.
        declared: False for a context key that bots send and nobody declared.
    """

    view: PlannedView
    feature: PlannedFeature
    root: str
    services: tuple[str, ...]
    declared: bool = True

    @cached_property
    def name(self) -> str:
        """Its qualified name."""
        return qualified(self.view.name, self.feature.name)

    @property
    def namespace(self) -> str:
        """What a cross calls it by."""
        return self.feature.namespace or self.view.name

    @property
    def is_hidden(self) -> bool:
        """Whether policies never see it, whichever service reads it."""
        return self.feature.render_only or not self.feature.learn

    @property
    def is_seen(self) -> bool:
        """Whether a policy sees it."""
        return not self.is_hidden and bool(self.services)

    @property
    def is_number(self) -> bool:
        """Whether it is a number (a truth value is none)."""
        return self.feature.type in ("int", "float")

    @property
    def is_category(self) -> bool:
        """Whether policies take each of its values, whatever they are, for a category of its own."""
        return self.feature.type == "string" and not self.feature.vocabulary and not self.feature.free_text


def listing(plan: Plan, services: Iterable[str] | None = None) -> tuple[Listed, ...]:
    """Every feature of a plan, by view and name.

    Args:
        services: those that placements use; every service of the plan by default.
    """
    read = {service: plan.names(service) for service in sorted(_chosen(plan, services))}
    return tuple(
        Listed(view, feature, plan.roots[view.name], _readers(read, qualified(view.name, feature.name)))
        for view in plan.definitions.views
        for feature in view.features
    )


def _chosen(plan: Plan, services: Iterable[str] | None) -> set[str]:
    """Where there is no service, whoever asks reads everything."""
    return set(plan.definitions.services if services is None else services) or {EVERYBODY}


def _readers(read: Mapping[str, frozenset[str]], name: str) -> tuple[str, ...]:
    return tuple(service for service, names in read.items() if name in names)
