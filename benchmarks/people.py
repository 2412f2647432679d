"""The people that are decided for: every stored feature has a value, as a busy shop's regulars do."""

from __future__ import annotations

from collections.abc import Mapping

from features.clock import wall_clock
from features.vector import FeatureStore, RowChange, Scalar

PROFILE: Mapping[str, Scalar] = {
    "first_name": "Ada",
    "language": "en",
    "region": "north",
    "tier": "gold",
    "age_band": "35-44",
    "tenure_days": 90,
    "favourite_category": "books",
}
PREFERENCES: Mapping[str, Scalar] = {
    "tone": "casual",
    "length": "short",
    "topics": "books garden",
    "contact_frequency": "weekly",
}
ACTIVITY: Mapping[str, Scalar] = {
    "visits": 12,
    "purchases": 4,
    "orders_90d": 1,
    "last_visit_unix": 1_789_000_000,
    "last_purchase_unix": 1_788_000_000,
    "last_category": "electronics",
    "previous_category": "books",
    "churn_risk": 0.25,
    "lifetime_value": 812.5,
}
PREDICTIONS: Mapping[str, Scalar] = {"segment": "s1", "conversion_propensity": 0.21, "churn_propensity": 0.35}
EXPOSURE: Mapping[str, Scalar] = {
    "seen_placement": "offer",
    "seen_action": "gift_wrap",
    "seen_response": "accepted",
    "last_shown_unix": 1_789_000_000,
    "shown_by_hour": "496944:3",
    "total_shown": 14,
    "total_clicks": 2,
    "total_accepted": 1,
    "total_declined": 3,
}
USER_ROWS: Mapping[str, Mapping[str, Scalar]] = {
    "user_profile": PROFILE,
    "user_preferences": PREFERENCES,
    "user_activity": ACTIVITY,
    "user_predictions": PREDICTIONS,
    "user_exposure": EXPOSURE,
}
SESSION: Mapping[str, Scalar] = {
    "turn": 3,
    "started_unix": 1_789_990_000,
    "last_turn_unix": 1_789_990_100,
    "last_placement": "recommendation",
    "last_action": "bestseller_books",
    "last_event": "Product Viewed",
    "page": "product",
    "viewed_category": "electronics",
    "seconds_on_page": 41.5,
    "cart_value": 59.9,
    "clicks": 2,
    "accepted": 1,
    "declined": 1,
    "last_reward": 0.3,
}
STORED_FEATURES = sum(map(len, USER_ROWS.values())) + len(SESSION)


def keys_of(number: int) -> dict[str, str]:
    """Join key → value of the n-th person in the n-th session."""
    return {"user_id": f"u{number}", "session_id": f"s{number}"}


async def write_rows(store: FeatureStore, users: int, *, sessions_only: bool = False) -> None:
    """Give ``users`` people their rows."""
    rows = {} if sessions_only else USER_ROWS
    for number in range(users):
        keys = keys_of(number)
        now_us = wall_clock()
        changes = [RowChange(view, keys["user_id"], values, now_us, None, now_us) for view, values in rows.items()]
        await store.write([*changes, RowChange("session_state", keys["session_id"], SESSION, now_us, None, now_us)])
