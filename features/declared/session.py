"""What is known of a conversation, and of the turn that is to be answered."""

from __future__ import annotations

from features.schema import FeatureSpec

SESSION: tuple[FeatureSpec, ...] = (
    FeatureSpec("session_state", "turn", "int", 0, "turns answered before this one", range=(0, 30)),
    FeatureSpec("session_state", "started_unix", "int", 0, "first turn, Unix seconds; 0: not yet", learn=False),
    FeatureSpec("session_state", "last_turn_unix", "int", 0, "last turn, Unix seconds; 0: none yet", learn=False),
    FeatureSpec("session_state", "last_placement", "string", "none", "placement last decided"),
    FeatureSpec("session_state", "last_action", "string", "none", "action last chosen"),
    FeatureSpec("session_state", "last_event", "string", "none", "event last tracked"),
    FeatureSpec("session_state", "page", "string", "none", "page the visitor is on"),
    FeatureSpec("session_state", "viewed_category", "string", "none", "category last looked at"),
    FeatureSpec("session_state", "seconds_on_page", "float", 0.0, "time on the page", range=(0, 600)),
    FeatureSpec("session_state", "cart_value", "float", 0.0, "worth of the cart", range=(0, 1_000)),
    FeatureSpec("session_state", "clicks", "int", 0, "recommendations clicked", range=(0, 30)),
    FeatureSpec("session_state", "accepted", "int", 0, "offers accepted", range=(0, 10)),
    FeatureSpec("session_state", "declined", "int", 0, "offers declined or dismissed", range=(0, 10)),
    FeatureSpec("session_state", "last_reward", "float", 0.0, "value of the last outcome", range=(-1, 1)),
)

REQUEST: tuple[FeatureSpec, ...] = (
    FeatureSpec("request", "channel", "string", "web", "web, app, messenger …"),
    FeatureSpec("request", "device", "string", "unknown", "desktop, mobile …"),
    FeatureSpec("request", "entry_point", "string", "none", "where the conversation began: search, newsletter …"),
    FeatureSpec("request", "locale", "string", "en", "locale of the conversation"),
    FeatureSpec("request", "utc_offset_minutes", "int", 0, "local time less UTC", range=(-840, 840), learn=False),
    FeatureSpec("request", "intent", "string", "none", "what the bot understood"),
    FeatureSpec("request", "intent_confidence", "float", 0.0, "how sure the bot is", range=(0, 1)),
    FeatureSpec("request", "sentiment", "float", 0.0, "mood of the last message", range=(-1, 1)),
    FeatureSpec("request", "message_length", "int", 0, "characters of the last message", range=(0, 500)),
)
