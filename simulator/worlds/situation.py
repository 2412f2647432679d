"""The moment of one turn, and what tastes depend on in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.derived.moment import PARTS
from simulator.worlds.customers import Customer
from simulator.worlds.tastes import Facets

DEVICES = ("mobile", "desktop", "tablet")
DEVICE_SHARES = (0.6, 0.3, 0.1)


@dataclass(frozen=True, slots=True)
class Situation:
    """The moment of one turn.

    Attributes:
        hour: local, in [0, 24).
        viewed_category: of the product looked at last; ``none`` if there is none.
        turn: number of earlier turns in this session.
        progress: how much of the run is over, in [0, 1]; tastes drift with it.
    """

    device: str
    hour: int
    viewed_category: str = "none"
    cart_value: float = 0.0
    turn: int = 0
    progress: float = 0.0


def any_situation(rng: np.random.Generator, categories: Sequence[str]) -> Situation:
    """A situation as they occur."""
    return Situation(
        device=str(rng.choice(DEVICES, p=DEVICE_SHARES)),
        hour=int(rng.integers(24)),
        viewed_category=str(rng.choice(categories)) if rng.random() < 0.6 else "none",
        cart_value=round(float(rng.gamma(2.0, 30.0)), 2) if rng.random() < 0.4 else 0.0,
        turn=int(rng.integers(4)),
        progress=float(rng.random()),
    )


def facets_of(customer: Customer, situation: Situation) -> Facets:
    """What tastes depend on."""
    return {
        "tier": customer.tier,
        "tone": customer.tone,
        "age_band": customer.age_band,
        "favourite_category": customer.favourite_category,
        "last_category": customer.last_category,
        "churn": "leaving" if customer.churn_risk > 0.5 else "staying",
        "device": situation.device,
        "part_of_day": PARTS[situation.hour],
        "viewed_category": situation.viewed_category,
        "cart": "full" if situation.cart_value > 0.0 else "empty",
        "turn": "first" if situation.turn == 0 else "later",
    }
