"""Online rows that every run's home shares."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from api.settings import SHIPPED_REPO
from feature_repo.seed import write_view
from features.registry import control_plane
from features.repository import REDIS, plan_path
from tests.chaos.customer import USERS


def compile_plan(folder: Path, redis: str | None = None) -> Path:
    """Run Feast once; returns the plan. ``redis`` is ``host:port`` of the store that several workers can share."""
    home, offline, now = folder / "features-home", folder / "offline", datetime.now(UTC)
    known = [user for user in USERS if user is not None]
    profiles = [{"user_id": id, "first_name": id.title(), "tier": "gold"} for id in known]
    write_view("user_profile", profiles, offline, now)
    write_view("user_activity", [{"user_id": id, "visits": 3, "purchases": 1} for id in known], offline, now)
    os.environ["MAITRED_OFFLINE"] = str(offline)
    if redis is not None:
        os.environ[REDIS] = redis
    try:
        control_plane.apply_and_materialize(SHIPPED_REPO, home)
    finally:
        os.environ.pop(REDIS, None)
    return plan_path(home)
