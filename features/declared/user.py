"""What is known of somebody who agreed to be known: from the CRM, from models, and from what they were shown."""

from __future__ import annotations

from features.schema import FeatureSpec

_DEMOGRAPHICS = "demographics"
"""What age is used for must be agreed to on its own, where a bot asks for consent by purpose."""

PROFILE: tuple[FeatureSpec, ...] = (
    FeatureSpec(
        "user_profile",
        "first_name",
        "string",
        "",
        "how to greet",
        sensitivity="personal",
        render_only=True,
        owner="crm",
    ),
    FeatureSpec("user_profile", "language", "string", "en", "preferred language, ISO 639-1", owner="crm"),
    FeatureSpec("user_profile", "region", "string", "unknown", "sales region", sensitivity="personal", owner="crm"),
    FeatureSpec(
        "user_profile",
        "tier",
        "string",
        "new",
        "standing in the loyalty programme",
        vocabulary=("new", "standard", "silver", "gold"),
        owner="crm",
    ),
    FeatureSpec(
        "user_profile",
        "age_band",
        "string",
        "unknown",
        "age, in bands",
        vocabulary=("unknown", "18-24", "25-34", "35-49", "50-64", "65+"),
        sensitivity="sensitive",
        purpose=_DEMOGRAPHICS,
        owner="crm",
    ),
    FeatureSpec("user_profile", "tenure_days", "int", 0, "days since the first order", range=(0, 3_650), owner="crm"),
    FeatureSpec("user_profile", "favourite_category", "string", "none", "most bought category", owner="crm"),
)

PREFERENCES: tuple[FeatureSpec, ...] = (
    FeatureSpec(
        "user_preferences",
        "tone",
        "string",
        "casual",
        "how they like to be spoken to",
        vocabulary=("casual", "formal"),
        owner="crm",
    ),
    FeatureSpec(
        "user_preferences",
        "length",
        "string",
        "any",
        "how much they like to read",
        vocabulary=("any", "short", "long"),
        owner="crm",
    ),
    FeatureSpec(
        "user_preferences", "topics", "string", "", "what they want to hear of, in words", free_text=True, owner="crm"
    ),
    FeatureSpec(
        "user_preferences",
        "contact_frequency",
        "string",
        "any",
        "how often they want to hear of us",
        vocabulary=("any", "rarely", "weekly", "daily"),
        owner="crm",
    ),
)

ACTIVITY: tuple[FeatureSpec, ...] = (
    FeatureSpec("user_activity", "visits", "int", 0, "visits before this one", range=(0, 200)),
    FeatureSpec("user_activity", "purchases", "int", 0, "orders so far", range=(0, 100)),
    FeatureSpec("user_activity", "orders_90d", "int", 0, "orders of the last 90 days", range=(0, 50)),
    FeatureSpec(
        "user_activity", "last_visit_unix", "int", 0, "end of the last visit, Unix seconds; 0: none", learn=False
    ),
    FeatureSpec("user_activity", "last_purchase_unix", "int", 0, "last order, Unix seconds; 0: none", learn=False),
    FeatureSpec("user_activity", "last_category", "string", "none", "category of the last visit"),
    FeatureSpec("user_activity", "previous_category", "string", "none", "category of the visit before the last"),
    FeatureSpec(
        "user_activity",
        "churn_risk",
        "float",
        0.5,
        "the CRM's estimate that they do not return",
        range=(0, 1),
        sensitivity="sensitive",
        owner="crm",
    ),
    FeatureSpec(
        "user_activity",
        "lifetime_value",
        "float",
        0.0,
        "revenue so far",
        range=(0, 5_000),
        sensitivity="sensitive",
    ),
)

PREDICTIONS: tuple[FeatureSpec, ...] = (
    FeatureSpec("user_predictions", "segment", "string", "none", "cluster of similar users"),
    FeatureSpec(
        "user_predictions",
        "conversion_propensity",
        "float",
        0.5,
        "how likely they buy",
        range=(0, 1),
        impute="mean",
        sensitivity="sensitive",
    ),
    FeatureSpec(
        "user_predictions",
        "churn_propensity",
        "float",
        0.5,
        "how likely they leave",
        range=(0, 1),
        impute="mean",
        sensitivity="sensitive",
    ),
)

EXPOSURE: tuple[FeatureSpec, ...] = (
    FeatureSpec("user_exposure", "seen_placement", "string", "none", "placement last answered, in any session"),
    FeatureSpec("user_exposure", "seen_action", "string", "none", "action they last got, in any session"),
    FeatureSpec("user_exposure", "seen_response", "string", "none", "how they last responded"),
    FeatureSpec("user_exposure", "last_shown_unix", "int", 0, "when they last got one, Unix seconds", learn=False),
    FeatureSpec("user_exposure", "shown_by_hour", "string", "", "Unix hours and how many in each", learn=False),
    FeatureSpec("user_exposure", "total_shown", "int", 0, "actions they got so far", range=(0, 1_000)),
    FeatureSpec("user_exposure", "total_clicks", "int", 0, "recommendations clicked so far", range=(0, 1_000)),
    FeatureSpec("user_exposure", "total_accepted", "int", 0, "offers accepted so far", range=(0, 1_000)),
    FeatureSpec("user_exposure", "total_declined", "int", 0, "offers declined so far", range=(0, 1_000)),
)
