"""What ``features.derived`` computes at decision time."""

from __future__ import annotations

from features.schema import FeatureSpec

COMPUTED: tuple[FeatureSpec, ...] = (
    FeatureSpec(
        "local_time",
        "hour",
        "int",
        0,
        "hour of the visitor's day",
        range=(0, 23),
        scaling="buckets",
        buckets=(5, 8, 11, 14, 17, 20, 22),
    ),
    FeatureSpec("local_time", "weekday", "int", 0, "Monday is 0", range=(0, 6)),
    FeatureSpec(
        "local_time",
        "part_of_day",
        "string",
        "night",
        "the visitor's time of day",
        vocabulary=("night", "morning", "afternoon", "evening"),
    ),
    FeatureSpec("local_time", "business_hours", "bool", False, "Monday to Friday, 9 to 17"),
    FeatureSpec("return_visit", "is_returning", "bool", False, "has been here before"),
    FeatureSpec("return_visit", "days_since_last_visit", "float", 0.0, "0 on the first visit", range=(0, 365)),
    FeatureSpec("purchase_history", "has_purchased", "bool", False, "has ordered before"),
    FeatureSpec("purchase_history", "days_since_purchase", "float", 0.0, "0 if there was none", range=(0, 365)),
    FeatureSpec("purchase_history", "purchase_rate", "float", 0.0, "orders per visit", range=(0, 1)),
    FeatureSpec("purchase_history", "average_order", "float", 0.0, "revenue per order", range=(0, 5_000)),
    FeatureSpec("shown_lately", "shown_24h", "int", 0, "actions they got in 24 hours", range=(0, 100)),
    FeatureSpec("shown_lately", "shown_7d", "int", 0, "actions they got in 7 days", range=(0, 100)),
    FeatureSpec("shown_lately", "hours_since_shown", "float", 168.0, "at most a week", range=(0, 168)),
    FeatureSpec("shown_lately", "response_rate", "float", 0.1, "of what they got so far", range=(0, 1)),
    FeatureSpec("session_pace", "session_minutes", "float", 0.0, "since the first turn", range=(0, 60)),
    FeatureSpec("session_pace", "idle_seconds", "float", 0.0, "since the last turn", range=(0, 600)),
)
