"""``maitred features materialize``."""

from __future__ import annotations

from api.cli.features.planned import run
from features.registry import control_plane


def materialize() -> None:
    """Load the newest rows of the batch sources into the online store."""
    run(control_plane.materialize)
