"""``maitred features apply``."""

from __future__ import annotations

from api.cli.features.planned import run
from features import control_plane


def apply() -> None:
    """Put the Feast repository's definitions into the registry and compile the plan."""
    run(control_plane.apply)
