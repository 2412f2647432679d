"""One feature service per placement: what its policy learns from. What comes with the request is always read."""

from __future__ import annotations

from feast import FeatureService

from feature_repo.views import local_time, return_visit, session_state, user_activity, user_profile

greeting = FeatureService(
    name="greeting",
    features=[
        user_profile,
        user_activity[["visits", "purchases", "last_category", "churn_risk"]],
        session_state[["turn", "last_event", "page", "viewed_category", "last_action"]],
        local_time,
        return_visit,
    ],
)
offer = FeatureService(name="offer", features=[user_profile, user_activity, session_state, local_time, return_visit])
recommendation = FeatureService(
    name="recommendation",
    features=[
        user_profile,
        user_activity[["visits", "purchases", "last_category", "lifetime_value"]],
        session_state,
        local_time,
        return_visit,
    ],
)
