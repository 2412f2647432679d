"""Everything that Feast shall know: the one file that it parses."""

from __future__ import annotations

from feature_repo.entities import session, user
from feature_repo.services import greeting, offer, recommendation
from feature_repo.sources import (
    request,
    request_clock,
    session_state_parquet,
    session_state_push,
    user_activity_parquet,
    user_activity_push,
    user_profile_parquet,
)
from feature_repo.views import local_time, return_visit, session_state, user_activity, user_profile
from features.repository import prepared_home

prepared_home()

__all__ = [
    "greeting",
    "local_time",
    "offer",
    "recommendation",
    "request",
    "request_clock",
    "return_visit",
    "session",
    "session_state",
    "session_state_parquet",
    "session_state_push",
    "user",
    "user_activity",
    "user_activity_parquet",
    "user_activity_push",
    "user_profile",
    "user_profile_parquet",
]
