"""The example bot is valid, shows every key, and never says anything that reads like a form letter."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import api
from engine.catalog import Catalogue
from engine.config import ActionSpec, Config, PlacementSpec, PolicySpec, PrivacySpec, RewardSpec, TrafficSpec
from engine.config_file import check, load
from engine.eligibility import Facts
from engine.encode.ranges import RangeEncoder, RangeSpec
from features.declared import FEATURES
from features.vector import FeatureVector, Scalar

SHOP = Path(api.__file__).parent / "examples" / "shop.yaml"
CONFIG = load(SHOP)
LOCALES = ("en", "de")
CATEGORIES = {"electronics", "fashion", "home", "garden", "sports", "books", "toys", "beauty"}
SMALLEST = {"greeting": 6, "offer": 8, "recommendation": 12}
DEFAULTS = {feature.qualified: feature.default for feature in FEATURES if not feature.render_only}

ROOTS = {
    "user_profile": "user",
    "user_activity": "user",
    "session_state": "session",
    "local_time": "time",
    "return_visit": "visit",
}

UGLY = re.compile(
    r"""\s\s|\s[,.!?:;]  # gaps
    |[,:;][,.!?:;]|\.\.  # doubled punctuation
    |^\W|^[a-z]          # a beginning without a capital
    |[^.?!]$             # an end without a full stop
    |[{}%]\}|\{[{%]      # markup
    |\b(?:None|none|unknown|nil|True|False)\b""",
    re.VERBOSE,
)
KNOWN: dict[str, tuple[Scalar, ...]] = {
    "user_profile.tier": ("new", "standard", "silver", "gold"),
    "user_preferences.tone": ("formal", "casual"),
    "local_time.part_of_day": ("morning", "afternoon", "evening", "night"),
    "return_visit.is_returning": (True, False),
    "return_visit.days_since_last_visit": (0.0, 3.0, 45.0),
    "session_state.viewed_category": ("none", "garden"),
}


def catalogue(placement: str) -> Catalogue:
    return Catalogue(placement, CONFIG.placements[placement], RangeEncoder(RangeSpec()).action, CONFIG.default_locale)


def situations() -> Iterator[FeatureVector]:
    """Nothing known, defaults only, and every combination of what the templates look at."""
    yield FeatureVector({})
    yield FeatureVector(DEFAULTS)
    for values in itertools.product(*KNOWN.values()):
        features = {**DEFAULTS, **dict(zip(KNOWN, values, strict=True))}
        yield FeatureVector(features)
        yield FeatureVector(features, {"user_profile.first_name": "Zoë"})


def texts(placement: str, locale: str) -> dict[str, set[str]]:
    actions = catalogue(placement).actions
    spoken: dict[str, set[str]] = {id: set() for id in actions}
    for vector in situations():
        roots = Facts(vector, ROOTS, consent=False).roots
        for id, action in actions.items():
            content = action.content.render(locale, roots)
            assert content["locale"] == locale
            spoken[id].add(content["text"])
    return spoken


def test_the_example_has_no_problem() -> None:
    assert check(SHOP) == []


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("placement", SMALLEST)
def test_every_template_reads_well_whatever_is_known(placement: str, locale: str) -> None:
    ugly = {text for said in texts(placement, locale).values() for text in said if UGLY.search(text)}
    assert ugly == set()


@pytest.mark.parametrize("locale", LOCALES)
def test_templates_use_the_first_name_the_hour_and_the_return(locale: str) -> None:
    said = texts("greeting", locale)
    assert all(any("Zoë" in text for text in variants) for variants in said.values())
    assert len(said["time_of_day"]) == 8
    assert len(said["concierge"]) == 4


@pytest.mark.parametrize(
    "text", ["Hello ,", "Hello  you.", "Hello, !", "hello.", "Hello", "Hi {{ name }}.", "Hi none."]
)
def test_the_check_of_style_sees_gaps(text: str) -> None:
    assert UGLY.search(text)


@pytest.mark.parametrize("placement", SMALLEST)
def test_there_is_enough_to_choose_from_even_without_consent(placement: str) -> None:
    spec = CONFIG.placements[placement]
    eligible, filtered = catalogue(placement).candidates(Facts(FeatureVector(DEFAULTS), ROOTS, consent=False), ())
    assert len(spec.actions) >= SMALLEST[placement]
    assert len(eligible) >= SMALLEST[placement] // 2
    assert all(reason.startswith("rule: ") for reason in filtered.values())


@pytest.mark.parametrize("placement", SMALLEST)
def test_every_action_can_be_reached_by_somebody(placement: str) -> None:
    regular = {
        **DEFAULTS,
        "user_profile.tier": "gold",
        "user_activity.churn_risk": 0.9,
        "session_state.turn": 3,
        "session_state.cart_value": 120.0,
        "session_state.viewed_category": "garden",
        "return_visit.is_returning": True,
        "return_visit.days_since_last_visit": 45.0,
    }
    _, filtered = catalogue(placement).candidates(Facts(FeatureVector(regular), ROOTS, consent=True), ())
    assert filtered == {}


def test_rules_and_templates_name_declared_features_only() -> None:
    written = SHOP.read_text(encoding="utf-8")
    names = {feature.name for feature in FEATURES}
    used = set(re.findall(r"\b(?:user|session|request|time|visit)\.([a-z_]+)", written))
    assert used
    assert used <= names


def test_offers_cost_their_discount_and_recommendations_cover_every_category() -> None:
    offers = CONFIG.placements["offer"]
    assert offers.reward.cost_on == "accepted"
    assert all(action.cost == action.features["discount"] for action in offers.actions)
    categories = {action.features["category"] for action in CONFIG.placements["recommendation"].actions}
    assert categories >= CATEGORIES


@pytest.mark.parametrize("part", [Config, PlacementSpec, ActionSpec, RewardSpec, PolicySpec, TrafficSpec, PrivacySpec])
def test_every_key_there_is_appears_in_the_example(part: type[msgspec.Struct]) -> None:
    written = SHOP.read_text(encoding="utf-8")
    missing = [field.name for field in msgspec.structs.fields(part) if not re.search(rf"\b{field.name}:", written)]
    assert missing == []


def test_commented_defaults_are_the_defaults(tmp_path: Path) -> None:
    keys = "default_locale|aggregation|grace|cost_on|params|train_on|control|epsilon|eligible|cost|paused"
    written, uncommented = re.subn(rf"^( *)# ((?:{keys}): )", r"\1\2", SHOP.read_text("utf-8"), flags=re.MULTILINE)
    copy = tmp_path / "shop.yaml"
    copy.write_text(written, encoding="utf-8")
    assert uncommented == keys.count("|") + 1
    assert load(copy) == CONFIG
