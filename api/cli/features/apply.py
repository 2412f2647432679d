"""``maitred features apply``."""

from __future__ import annotations

from api.cli.features.planned import run
from features.registry import control_plane


def apply() -> None:
    """Put the Feast repository's definitions into the registry and compile the plan."""
    run(control_plane.apply)
