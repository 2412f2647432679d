"""A repository in which nothing is wrong, decisions that were made with it, and ways to plant a mistake."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from features.lint.finding import Finding
from features.lint.spaces import Use
from features.lint.whole import lint
from features.observed import Observed
from features.plan import Definitions, Plan, PlannedFeature, PlannedView
from features.scalars import FeatureType
from features.schema import ViewKind, qualified
from features.tags import ZEROS
from features.vector import Scalar

START_US = 1_780_000_000_000_000
EVERY_US = 60_000_000
PEOPLE = 300
DECISIONS = 2_400

Values = Callable[[int, int, np.random.Generator], Scalar | None]
"""Number of the decision, number of the person → value; ``None`` where it is not known."""

VIEWS: Mapping[str, tuple[ViewKind, str | None]] = {
    "crm": ("batch", "user_id"),
    "activity": ("push", "user_id"),
    "session_state": ("push", "session_id"),
    "request": ("request", None),
}


def feature(name: str, type: FeatureType = "string", **declared: Any) -> PlannedFeature:
    default = declared.pop("default", ZEROS[type])
    told = {"owner": "growth", "description": f"the {name}"} | declared
    return PlannedFeature(name=name, type=type, default=default, **told)


@dataclass(frozen=True)
class Shop:
    """Features by view, what their values are, and what placements do with them."""

    views: Mapping[str, Sequence[PlannedFeature]]
    values: Mapping[str, Values]
    uses: Mapping[str, Use] = field(default_factory=lambda: {"offer": Use("offer")})
    services: Mapping[str, Sequence[str]] | None = None
    stale: frozenset[str] = frozenset()
    reward: Values = lambda n, person, rng: float(rng.random() < 0.3)

    def having(self, view: str, *features: PlannedFeature, **values: Values) -> Shop:
        """With more features; those of the same name are replaced."""
        kept = [each for each in self.views.get(view, ()) if each.name not in {new.name for new in features}]
        named = {qualified(view, name): value for name, value in values.items()}
        return replace(self, views={**self.views, view: (*kept, *features)}, values={**self.values, **named})

    def plan(self) -> Plan:
        views = tuple(
            PlannedView(name=name, kind=VIEWS[name][0], join_key=VIEWS[name][1], features=tuple(features))
            for name, features in self.views.items()
        )
        everything = tuple(qualified(view.name, each.name) for view in views for each in view.features)
        services = {name: tuple(read) for name, read in (self.services or {"offer": everything}).items()}
        definitions = Definitions(project="test", views=views, services=services)
        nowhere = dict.fromkeys(("online_store", "repository", "home", "registry_path", "registry_sha256"), "")
        return Plan(definitions=definitions, definitions_digest=definitions.digest, **nowhere)

    def decisions(self, count: int = DECISIONS) -> list[Observed]:
        rng = np.random.default_rng(7)
        return [self._decision(number, int(rng.integers(PEOPLE)), rng) for number in range(count)]

    def findings(self, *allowed: str) -> tuple[Finding, ...]:
        return lint(self.plan(), self.uses, self.decisions(), allowed)

    def codes(self) -> set[tuple[str, str]]:
        return {(finding.code, finding.feature) for finding in self.findings()}

    def _decision(self, number: int, person: int, rng: np.random.Generator) -> Observed:
        drawn = {name: value(number, person, rng) for name, value in self.values.items()}
        defaults = {
            qualified(view, each.name): each.default for view, features in self.views.items() for each in features
        }
        known = {name: value for name, value in drawn.items() if value is not None}
        stored = [view for view in self.views if VIEWS[view][1] is not None]
        rows = {view for view in stored if any(name.startswith(f"{view}.") for name in known)}
        freshness = {view: "missing" if view not in rows else "fresh" for view in stored}
        reward = self.reward(number, person, rng)
        return Observed(
            time_us=START_US + number * EVERY_US,
            placement="offer",
            unit=f"unit-{person}",
            keys=("session_id", "user_id"),
            values={**defaults, **known},
            freshness={**freshness, **dict.fromkeys(self.stale & rows, "stale")},
            missing=tuple(
                name for name in defaults if name not in known and name.partition(".")[0] not in set(stored) - rows
            ),
            reward=None if reward is None else float(reward),
        )


def of_person(*values: Scalar) -> Values:
    """Each person has one of these, and keeps it."""
    return lambda number, person, rng: values[person % len(values)]


@pytest.fixture
def shop() -> Shop:
    """Nothing is wrong with it."""
    return (
        Shop({}, {})
        .having(
            "crm",
            feature("tier", vocabulary=("new", "gold"), default="new"),
            feature("region", sensitivity="personal"),
            feature("first_name", sensitivity="personal", render_only=True),
            feature("spent", "float", range=(0, 1e6), sensitivity="sensitive"),
            feature("joined_unix", "int", learn=False),
            feature(
                "age_band", vocabulary=("young", "old"), default="old", sensitivity="sensitive", purpose="demographics"
            ),
            tier=of_person("new", "gold"),
            region=of_person(*(f"region {n}" for n in range(20))),
            first_name=of_person(*(f"name {n}" for n in range(100))),
            spent=lambda number, person, rng: person * 3.7,
            joined_unix=lambda number, person, rng: 1_700_000_000 + person,
            age_band=of_person("young", "old"),
        )
        .having(
            "activity",
            feature("visits", "int", range=(0, 50)),
            feature("vip", "bool"),
            visits=lambda number, person, rng: int(rng.integers(20)),
            vip=of_person(True, False),
        )
        .having(
            "session_state",
            feature("turn", "int", range=(0, 100_000)),
            feature("last_event"),
            turn=lambda number, person, rng: number,
            last_event=lambda number, person, rng: None,
        )
        .having(
            "request",
            feature("channel", default="web"),
            feature("mood", "float", range=(-1, 1)),
            feature("question", free_text=True),
            channel=lambda number, person, rng: "web",
            mood=lambda number, person, rng: float(rng.normal()) / 10 if rng.random() < 0.8 else None,
            question=lambda number, person, rng: f"how much is number {number} if I take {person}",
        )
    )
