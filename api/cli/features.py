"""``maitred features …``: Feast as control plane. Each verb runs Feast in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer

from api.cli.failure import reported
from api.settings import Settings
from features import control_plane
from features.plan import Plan

app = typer.Typer(help="Feast's side: definitions, stored rows and the plan that serving reads.", no_args_is_help=True)
Verb = Callable[[Path, Path], Plan]


@app.command()
def apply() -> None:
    """Put the Feast repository's definitions into the registry and compile the plan."""
    _run(control_plane.apply)


@app.command()
def materialize() -> None:
    """Load the newest rows of the batch sources into the online store."""
    _run(control_plane.materialize)


@app.command("compile")
def compile_plan() -> None:
    """Compile the registry, as it is, into the plan that serving reads."""
    _run(control_plane.compile_plan)


def _run(verb: Verb) -> None:
    with reported():
        settings = Settings()
        plan = verb(settings.features_repo, settings.home)
    for view in plan.definitions.views:
        print(f"{view.name}: {view.kind}, {len(view.features)} features")
    print(f"plan: {settings.plan_path}")
