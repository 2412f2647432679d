"""Each mistake that is planted in a clean repository, or in its data, is found by its code, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from features.lint.spaces import Use
from tests.features.quality.conftest import DECISIONS, START_US, Shop, feature, of_person

Planted = Callable[[Shop], Shop]
HOUR_S = 3_600

PLANTED: dict[str, tuple[str, str, Planted]] = {
    "an id by its name": (
        "id",
        "crm.customer_no",
        lambda shop: shop.having("crm", feature("customer_no", "int"), customer_no=lambda n, p, rng: 17_000 + p),
    ),
    "an id by its values": (
        "id",
        "crm.reference",
        lambda shop: shop.having("crm", feature("reference"), reference=lambda n, p, rng: f"{p:06d}"),
    ),
    "an id of what is on the page, by its looks": (
        "id",
        "request.basket",
        lambda shop: shop.having(
            "request", feature("basket"), basket=lambda n, p, rng: f"{n:08x}-0000-4000-8000-{p:012x}"
        ),
    ),
    "a timestamp by its name": (
        "timestamp",
        "crm.created_at",
        lambda shop: shop.having("crm", feature("created_at"), created_at=of_person("spring", "summer")),
    ),
    "a timestamp by its values": (
        "timestamp",
        "activity.seen",
        lambda shop: shop.having(
            "activity", feature("seen", "int"), seen=lambda n, p, rng: START_US // 1_000_000 - HOUR_S * p
        ),
    ),
    "a timestamp in text": (
        "timestamp",
        "activity.since",
        lambda shop: shop.having(
            "activity", feature("since"), since=lambda n, p, rng: f"2026-0{1 + p % 5}-1{p % 9}T08:00:00Z"
        ),
    ),
    "a constant": (
        "constant",
        "crm.country",
        lambda shop: shop.having("crm", feature("country"), country=lambda n, p, rng: "DE"),
    ),
    "a category with a value for everybody": (
        "near-unique",
        "crm.nickname_of_pet",
        lambda shop: shop.having("crm", feature("nickname_of_pet"), nickname_of_pet=lambda n, p, rng: f"pet {p % 200}"),
    ),
    "long texts as a category": (
        "unbounded-text",
        "request.said",
        lambda shop: shop.having(
            "request", feature("said"), said=lambda n, p, rng: f"please tell me what number {n} is"
        ),
    ),
    "a value outside the vocabulary": (
        "unseen-value",
        "crm.tier",
        lambda shop: shop.having("crm", tier=of_person("new", "gold", "platinum")),
    ),
    "a value outside the range": (
        "unseen-value",
        "activity.visits",
        lambda shop: shop.having("activity", visits=lambda n, p, rng: int(rng.integers(60))),
    ),
    "a default outside the vocabulary": (
        "unseen-value",
        "crm.tier",
        lambda shop: shop.having("crm", feature("tier", vocabulary=("new", "gold"), default="none")),
    ),
    "a number that moved": (
        "drift",
        "activity.visits",
        lambda shop: shop.having("activity", visits=lambda n, p, rng: int(rng.integers(20)) + (8 if n > 1_300 else 0)),
    ),
    "a category that moved": (
        "drift",
        "crm.tier",
        lambda shop: shop.having("crm", tier=lambda n, p, rng: "gold" if rng.random() < n / DECISIONS else "new"),
    ),
    "a column that stopped": (
        "drift",
        "request.mood",
        lambda shop: shop.having("request", mood=lambda n, p, rng: rng.random() if n < 1_500 else None),
    ),
    "a number that says what will come": (
        "leakage",
        "activity.revenue_today",
        lambda shop: replace(
            shop.having(
                "activity", feature("revenue_today", "float"), revenue_today=lambda n, p, rng: n % 3 + rng.random()
            ),
            reward=lambda n, p, rng: float(n % 3 == 2),
        ),
    ),
    "a category that says what will come": (
        "leakage",
        "request.stage",
        lambda shop: replace(
            shop.having("request", feature("stage"), stage=lambda n, p, rng: ("cart", "paid", "home", "help")[n % 4]),
            reward=lambda n, p, rng: float(n % 4 == 1),
        ),
    ),
    "that it is known says what will come": (
        "leakage",
        "activity.satisfaction",
        lambda shop: replace(
            shop.having(
                "activity",
                feature("satisfaction", "float"),
                satisfaction=lambda n, p, rng: rng.random() if n % 4 == 1 else None,
            ),
            reward=lambda n, p, rng: float(n % 4 == 1),
        ),
    ),
    "a row from the future": (
        "leakage",
        "crm.joined_unix",
        lambda shop: shop.having(
            "crm", joined_unix=lambda n, p, rng: START_US // 1_000_000 + n * 60 + HOUR_S * (p % 2)
        ),
    ),
    "one name in two views of a person": (
        "namespace",
        "user.vip",
        lambda shop: shop.having("crm", feature("vip", "bool"), vip=of_person(True, False)),
    ),
    "one name in two views of a service": (
        "namespace",
        "offer.turn",
        lambda shop: shop.having("crm", feature("turn", "bool"), turn=of_person(True, False)),
    ),
    "a context key that is called like a stored feature": (
        "namespace",
        "request.tier",
        lambda shop: replace(shop, values={**shop.values, "request.tier": of_person("a", "b")}),
    ),
    "a cross of what the service does not read": (
        "namespace",
        "offer.crosses.crm",
        lambda shop: replace(
            shop,
            uses={"offer": Use("offer", (("crm", "request"),))},
            services={"offer": ("activity.visits", "session_state.turn")},
        ),
    ),
    "a telling name": (
        "personal",
        "crm.email",
        lambda shop: shop.having("crm", feature("email"), email=of_person("a", "b", "c")),
    ),
    "addresses under a harmless name": (
        "personal",
        "request.contact",
        lambda shop: shop.having(
            "request", feature("contact"), contact=lambda n, p, rng: "none" if n % 9 else f"p{p % 40}@example.net"
        ),
    ),
    "a personal category that tells people apart": (
        "personal",
        "crm.quarter",
        lambda shop: shop.having(
            "crm", feature("quarter", sensitivity="personal"), quarter=lambda n, p, rng: f"quarter {p % 250}"
        ),
    ),
    "something protected without a purpose": (
        "purpose",
        "crm.gender",
        lambda shop: shop.having(
            "crm", feature("gender", sensitivity="sensitive", vocabulary=("", "f", "m")), gender=of_person("f", "m")
        ),
    ),
    "a context key that nobody declared": (
        "undeclared",
        "request.theme",
        lambda shop: replace(shop, values={**shop.values, "request.theme": of_person("dark", "light")}),
    ),
    "nobody answers for it": (
        "no-owner",
        "activity.vip",
        lambda shop: shop.having("activity", feature("vip", "bool", owner="")),
    ),
    "nobody says what it is": (
        "no-description",
        "activity.vip",
        lambda shop: shop.having("activity", feature("vip", "bool", description="")),
    ),
    "a column that nobody fills": (
        "always-missing",
        "crm.score",
        lambda shop: shop.having("crm", feature("score", "float"), score=lambda n, p, rng: None),
    ),
    "a view that nobody loads": (
        "always-missing",
        "activity",
        lambda shop: shop.having("activity", vip=lambda n, p, rng: None, visits=lambda n, p, rng: None),
    ),
    "a view that is loaded too seldom": (
        "always-stale",
        "activity",
        lambda shop: replace(shop, stale=frozenset({"activity"})),
    ),
}


def test_nothing_is_found_where_nothing_is_wrong(shop: Shop) -> None:
    assert shop.findings() == ()


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_found(mistake: str, shop: Shop) -> None:
    code, name, plant = PLANTED[mistake]
    findings = plant(shop).findings()
    assert [(finding.code, finding.feature) for finding in findings] == [(code, name)]
    assert findings[0].evidence
    assert findings[0].mend
