"""Customers made up from a seed: what a shop would know about them, and what it never will."""

from __future__ import annotations

from collections.abc import Sequence
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
    """One customer: the columns of ``user_profile`` and ``user_activity``, and two things nobody can know.

    Attributes:
        last_visit_unix: seconds since the epoch; 0 if there was no visit.
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

    def profile_row(self) -> dict[str, Scalar]:
        """The row of ``user_profile``."""
        return self._columns(PROFILE_COLUMNS)

    def activity_row(self) -> dict[str, Scalar]:
        """The row of ``user_activity``."""
        return self._columns(ACTIVITY_COLUMNS)

    def _columns(self, names: Sequence[str]) -> dict[str, Scalar]:
        values = asdict(self)
        return {name: values[name] for name in names}


PROFILE_COLUMNS = (
    "user_id",
    "first_name",
    "language",
    "region",
    "tier",
    "age_band",
    "tenure_days",
    "tone",
    "favourite_category",
)
ACTIVITY_COLUMNS = (
    "user_id",
    "visits",
    "purchases",
    "last_visit_unix",
    "last_category",
    "churn_risk",
    "lifetime_value",
)


def make_customers(count: int, *, seed: int, categories: Sequence[str], now_unix: int) -> list[Customer]:
    """``count`` customers; the same arguments give the same customers."""
    rng = np.random.default_rng([seed, 1])
    return [_customer(rng, number, categories, now_unix) for number in range(count)]


def _customer(rng: np.random.Generator, number: int, categories: Sequence[str], now_unix: int) -> Customer:
    age_band = _one_of(rng, AGE_BANDS, (0.15, 0.25, 0.30, 0.20, 0.10))
    tier = _one_of(rng, TIERS, (0.25, 0.40, 0.20, 0.15))
    visits = int(rng.poisson(MEAN_VISITS[tier]))
    purchases = int(rng.binomial(visits, 0.35))
    favourite = _one_of(rng, categories)
    days_away = float(rng.exponential(20.0))
    return Customer(
        user_id=f"customer-{number:05d}",
        first_name=_one_of(rng, FIRST_NAMES),
        language=_one_of(rng, ("en", "de"), (0.6, 0.4)),
        region=_one_of(rng, REGIONS),
        tier=tier,
        age_band=age_band,
        tenure_days=round(rng.gamma(2.0, MEAN_TENURE_DAYS[tier] / 2.0)),
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
    )


def _formal_share(age_band: str) -> tuple[float, float]:
    formal = 0.2 + 0.15 * AGE_BANDS.index(age_band)
    return formal, 1.0 - formal


def _one_of(rng: np.random.Generator, options: Sequence[str], shares: Sequence[float] | None = None) -> str:
    return options[int(rng.choice(len(options), p=shares))]
