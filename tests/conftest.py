"""What the whole suite shares: one home in which Feast has been at work, once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from feature_repo.seed import write_activity, write_profiles
from features import control_plane
from features.repository import default_repository

# The same examples in every run, and none that fails because a neighbour was using the machine.
settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")

PROFILES = (
    {"user_id": "ada", "first_name": "Ada", "language": "en", "tier": "gold", "tenure_days": 900, "tone": "formal"},
    {"user_id": "ben", "first_name": "Ben", "language": "de", "tier": "new", "tenure_days": 3},
    {"user_id": "cleo", "tier": "standard", "favourite_category": "shoes"},
)
ACTIVITY = (
    {"user_id": "ada", "visits": 12, "purchases": 4, "last_visit_unix": 1_750_000_000, "churn_risk": 0.125},
    {"user_id": "ben", "visits": 0, "purchases": 0},
)


@pytest.fixture(scope="session")
def feast_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ``MAITRED_HOME`` with registry, plan and the online rows of ``ada``, ``ben`` and ``cleo``.

    Feast ran in a process of its own. Tests that write use entities of their own.
    """
    folder = tmp_path_factory.mktemp("feast")
    home, offline = folder / "home", folder / "offline"
    now = datetime.now(UTC)
    write_profiles(PROFILES, offline, now)
    write_activity(ACTIVITY, offline, now)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MAITRED_OFFLINE", str(offline))
        environment.delenv("MAITRED_FEATURES_REDIS", raising=False)
        control_plane.apply_and_materialize(default_repository(), home)
    return home
