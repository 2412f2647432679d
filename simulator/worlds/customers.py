"""Customers made up from a seed: what a shop would know about them, and what it never will."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from features.vector import Scalar

DAY_S = 86_400
FIRST_NAMES = ("Ada", "Ben", "Chiara", "David", "Emil", "Fatima", "Greta", "Hugo", "Ines", "Jonas", "Klara", "Liam")
REGIONS = ("north", "south", "east", "west")
AGE_BANDS = ("18-24", "25-34", "35-49", "50-64", "65+")
TIERS = ("new", "standard", "silver", "gold")
MEAN_VISITS = {"new": 0.6, "standard": 6.0, "silver": 16.0, "gold": 35.0}
MEAN_TENURE_DAYS = {"new": 8.0, "standard": 240.0, "silver": 600.0, "gold": 1100.0}


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer: the columns of the views in ``ROWS``, and two things nobody can know.

    Attributes:
        last_visit_unix, last_purchase_unix: seconds since the epoch; 0 if there was none.
        churn_risk: in [0, 1].
        hours_from_utc: where the customer's clock stands; a bot sends it with every turn.
        eagerness: hidden; added to the log-odds of every response.
    """

    user_id: str
    first_name: str
    language: str
    region: str
    tier: str
    age_band: str
    tenure_days: int
    tone: str
    favourite_category: str
    visits: int
    purchases: int
    last_visit_unix: int
    last_category: str
    churn_risk: float
    lifetime_value: float
    hours_from_utc: int
    eagerness: float
    length: str
    topics: str
    contact_frequency: str
    orders_90d: int
    last_purchase_unix: int
    previous_category: str

    def row(self, view: str) -> dict[str, Scalar]:
        """Its row of one of the views in ``ROWS``, with ``user_id``."""
        values = asdict(self)
        return {name: values[name] for name in ("user_id", *ROWS[view])}


ROWS: Mapping[str, tuple[str, ...]] = {
    "user_profile": ("first_name", "language", "region", "tier", "age_band", "tenure_days", "favourite_category"),
    "user_preferences": ("tone", "length", "topics", "contact_frequency"),
    "user_activity": (
        "visits",
        "purchases",
        "orders_90d",
        "last_visit_unix",
        "last_purchase_unix",
        "last_category",
        "previous_category",
        "churn_risk",
        "lifetime_value",
    ),
}
"""View → the features of it that a shop knows of every customer."""


def make_customers(count: int, *, seed: int, categories: Sequence[str], now_unix: int) -> list[Customer]:
    """``count`` customers; the same arguments give the same customers."""
    rng, habits = np.random.default_rng([seed, 1]), np.random.default_rng([seed, 5])
    return [_customer(rng, habits, number, categories, now_unix) for number in range(count)]


def _customer(
    rng: np.random.Generator, habits: np.random.Generator, number: int, categories: Sequence[str], now_unix: int
) -> Customer:
    age_band = _one_of(rng, AGE_BANDS, (0.15, 0.25, 0.30, 0.20, 0.10))
    tier = _one_of(rng, TIERS, (0.25, 0.40, 0.20, 0.15))
    visits = int(rng.poisson(MEAN_VISITS[tier]))
    purchases = int(rng.binomial(visits, 0.35))
    favourite = _one_of(rng, categories)
    days_away = float(rng.exponential(20.0))
    first_name, language = _one_of(rng, FIRST_NAMES), _one_of(rng, ("en", "de"), (0.6, 0.4))
    region = _one_of(rng, REGIONS)
    tenure_days = round(rng.gamma(2.0, MEAN_TENURE_DAYS[tier] / 2.0))
    wordy = habits.random() < _formal_share(age_band)[0]
    recent = purchases * min(90.0 / max(tenure_days, 1), 1.0) * math.exp(-days_away / 90.0)
    return Customer(
        user_id=f"customer-{number:05d}",
        first_name=first_name,
        language=language,
        region=region,
        tier=tier,
        age_band=age_band,
        tenure_days=tenure_days,
        tone=_one_of(rng, ("formal", "casual"), _formal_share(age_band)),
        favourite_category=favourite,
        visits=visits,
        purchases=purchases,
        last_visit_unix=now_unix - round(days_away * DAY_S) if visits else 0,
        last_category=favourite if rng.random() < 0.5 else _one_of(rng, categories),
        churn_risk=round(1.0 - float(np.exp(-days_away / 30.0)), 4),
        lifetime_value=round(purchases * float(rng.gamma(2.0, 30.0)), 2),
        hours_from_utc=int(rng.integers(-11, 13)),
        eagerness=float(rng.normal(0.0, 0.3)),
        length="long" if wordy else _one_of(habits, ("any", "short"), (0.5, 0.5)),
        topics=" ".join(dict.fromkeys((favourite, _one_of(habits, categories)))),
        contact_frequency=_one_of(habits, ("any", "rarely", "weekly", "daily"), (0.5, 0.2, 0.25, 0.05)),
        orders_90d=min(int(habits.poisson(recent)), purchases),
        last_purchase_unix=now_unix - round((days_away + habits.exponential(15.0)) * DAY_S) if purchases else 0,
        previous_category=favourite if habits.random() < 0.4 else _one_of(habits, categories),
    )


def _formal_share(age_band: str) -> tuple[float, float]:
    formal = 0.2 + 0.15 * AGE_BANDS.index(age_band)
    return formal, 1.0 - formal


def _one_of(rng: np.random.Generator, options: Sequence[str], shares: Sequence[float] | None = None) -> str:
    return options[int(rng.choice(len(options), p=shares))]
