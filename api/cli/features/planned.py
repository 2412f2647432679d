"""What the verbs that make a plan have in common: Feast runs in a process of its own, and its plan is printed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from api.cli.failure import reported
from api.settings import Settings
from features.plan import Plan

Verb = Callable[[Path, Path], Plan]


def run(verb: Verb) -> None:
    """Run ``verb`` on the deployment's repository and home, and print its plan."""
    with reported():
        settings = Settings()
        plan = verb(settings.features_repo, settings.home)
    for view in plan.definitions.views:
        print(f"{view.name}: {view.kind}, {len(view.features)} features")
    print(f"plan: {settings.plan_path}")
