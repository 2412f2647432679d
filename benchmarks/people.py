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
    "tone": "casual",
    "favourite_category": "books",
}
ACTIVITY: Mapping[str, Scalar] = {
    "visits": 12,
    "purchases": 4,
    "last_visit_unix": 1_789_000_000,
    "last_category": "electronics",
    "churn_risk": 0.25,
    "lifetime_value": 812.5,
}
SESSION: Mapping[str, Scalar] = {
    "turn": 3,
    "started_unix": 1_789_990_000,
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
STORED_FEATURES = len(PROFILE) + len(ACTIVITY) + len(SESSION)


def keys_of(number: int) -> dict[str, str]:
    """Join key → value of the n-th person in the n-th session."""
    return {"user_id": f"u{number}", "session_id": f"s{number}"}


async def write_rows(store: FeatureStore, users: int, *, sessions_only: bool = False) -> None:
    """Give ``users`` people their rows."""
    rows = {} if sessions_only else {"user_profile": PROFILE, "user_activity": ACTIVITY}
    for number in range(users):
        keys = keys_of(number)
        now_us = wall_clock()
        changes = [RowChange(view, keys["user_id"], values, now_us, None, now_us) for view, values in rows.items()]
        await store.write([*changes, RowChange("session_state", keys["session_id"], SESSION, now_us, None, now_us)])
