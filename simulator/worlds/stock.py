"""What a small shop says, for a world that is given no bot's configuration: ten offers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.config import ActionSpec, Config, PlacementSpec, RewardSpec
from features.vector import Scalar

PLACEMENT = "offer"
BASELINE = "free_shipping"

_OFFERS: Mapping[str, tuple[float, Mapping[str, Scalar]]] = MappingProxyType(
    {
        BASELINE: (0.05, {"tone": "neutral", "discount": 0.05, "urgency": "low"}),
        "books_deal": (0.1, {"tone": "casual", "category": "books", "discount": 0.1, "urgency": "low"}),
        "signed_edition": (0.0, {"tone": "formal", "category": "books", "discount": 0.0, "urgency": "high"}),
        "headphones_deal": (0.15, {"tone": "casual", "category": "electronics", "discount": 0.15, "urgency": "high"}),
        "warranty": (0.05, {"tone": "formal", "category": "electronics", "discount": 0.05, "urgency": "low"}),
        "sneaker_drop": (0.0, {"tone": "casual", "category": "fashion", "discount": 0.0, "urgency": "high"}),
        "tailoring": (0.1, {"tone": "formal", "category": "fashion", "discount": 0.1, "urgency": "low"}),
        "espresso_set": (0.2, {"tone": "neutral", "category": "home", "discount": 0.2, "urgency": "low"}),
        "garden_consultation": (0.0, {"tone": "formal", "category": "garden", "discount": 0.0, "urgency": "low"}),
        "yoga_bundle": (0.15, {"tone": "casual", "category": "sports", "discount": 0.15, "urgency": "high"}),
    }
)
"""Offer → what it costs the shop once it is accepted, in units of reward, and its features."""


def stock() -> Config:
    """One placement, whose reward is 1 for an accepted offer, less what the offer costs."""
    actions = tuple(
        ActionSpec(id=id, templates={"en": id}, features=dict(features), cost=cost)
        for id, (cost, features) in _OFFERS.items()
    )
    reward = RewardSpec(metrics={"accepted": 1.0}, window="30m", cost_on="accepted")
    placement = PlacementSpec(reward=reward, baseline=BASELINE, fallback={"en": "Hello!"}, actions=actions)
    return Config(schema_version=1, bot="shop", placements={PLACEMENT: placement})
