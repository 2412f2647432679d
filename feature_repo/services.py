"""One feature service per placement: what its policy learns from. What comes with the request is always read."""

from __future__ import annotations

from feast import FeatureService

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

greeting = FeatureService(
    name="greeting",
    features=[
        user_profile,
        user_preferences[["tone", "length"]],
        user_activity[["visits", "purchases", "last_category", "churn_risk"]],
        user_predictions[["segment"]],
        session_state[["turn", "last_event", "page", "viewed_category", "last_action"]],
        local_time,
        return_visit,
        shown_lately,
    ],
)
offer = FeatureService(
    name="offer",
    features=[
        user_profile,
        user_preferences,
        user_activity,
        user_predictions,
        user_exposure,
        session_state,
        local_time,
        return_visit,
        purchase_history,
        shown_lately,
        session_pace,
    ],
)
recommendation = FeatureService(
    name="recommendation",
    features=[
        user_profile,
        user_preferences[["tone", "topics"]],
        user_activity[["visits", "purchases", "last_category", "previous_category", "lifetime_value"]],
        user_predictions[["segment", "conversion_propensity"]],
        user_exposure[["seen_action", "seen_response"]],
        session_state,
        local_time,
        return_visit,
        shown_lately,
    ],
)
