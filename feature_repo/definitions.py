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
    user_exposure_parquet,
    user_exposure_push,
    user_predictions_parquet,
    user_predictions_push,
    user_preferences_parquet,
    user_profile_parquet,
)
from feature_repo.views import (
    local_time,
    purchase_history,
    return_visit,
    session_pace,
    session_state,
    shown_lately,
    user_activity,
    user_exposure,
    user_predictions,
    user_preferences,
    user_profile,
)
from features.repository import prepared_home

prepared_home()

__all__ = [
    "greeting",
    "local_time",
    "offer",
    "purchase_history",
    "recommendation",
    "request",
    "request_clock",
    "return_visit",
    "session",
    "session_pace",
    "session_state",
    "session_state_parquet",
    "session_state_push",
    "shown_lately",
    "user",
    "user_activity",
    "user_activity_parquet",
    "user_activity_push",
    "user_exposure",
    "user_exposure_parquet",
    "user_exposure_push",
    "user_predictions",
    "user_predictions_parquet",
    "user_predictions_push",
    "user_preferences",
    "user_preferences_parquet",
    "user_profile",
    "user_profile_parquet",
]
