"""``maitred features compile``."""

from __future__ import annotations

from api.cli.features.planned import run
from features.registry import control_plane


def compile_plan() -> None:
    """Compile the registry, as it is, into the plan that serving reads."""
    run(control_plane.compile_plan)
