from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from engine.catalog import Catalogue
from engine.config import ActionSpec, PlacementSpec, RewardSpec
from engine.eligibility import Facts
from engine.errors import ConfigError
from engine.types import OfferedAction
from features.vector import FeatureVector, Scalar

ACTIONS = (
    ActionSpec(id="plain", templates={"en": "Hello!"}, features={"tone": "neutral"}),
    ActionSpec(id="gold", templates={"en": "Hello, gold!"}, eligible="user.tier == 'gold'"),
    ActionSpec(id="broken", templates={"en": "Hm."}, eligible="user.nope == 1"),
    ActionSpec(id="resting", templates={"en": "Zzz."}, paused=True),
    ActionSpec(id="casual", templates={"en": "Hey {{ user.tier }}!"}, features={"tone": "casual"}),
)
SPEC = PlacementSpec(
    reward=RewardSpec(metrics={"continued": 1.0}, window="10m"),
    baseline="plain",
    fallback={"en": "Hi {{ user.tier }}", "de": "Hallo"},
    actions=ACTIONS,
)


def encode(id: str, features: Mapping[str, Scalar]) -> dict[str, float]:
    return {f"id={id}": 1.0, **{f"{name}={value}": 1.0 for name, value in features.items()}}


def catalogue(spec: PlacementSpec = SPEC) -> Catalogue:
    return Catalogue("greeting", spec, encode, "en")


def facts(tier: str = "gold") -> Facts:
    return Facts(FeatureVector({"profile.tier": tier}), {"profile": "user"}, consent=True)


def test_the_eligible_come_in_catalogue_order_and_the_others_with_their_reason() -> None:
    eligible, filtered = catalogue().candidates(facts("new"), {"casual"})
    assert [action.spec.id for action in eligible] == ["plain"]
    assert filtered == {
        "gold": "rule: user.tier == 'gold'",
        "broken": "rule failed: user.nope == 1 (KeyError)",
        "resting": "paused",
        "casual": "excluded",
    }


def test_a_rule_that_holds_makes_its_action_a_candidate() -> None:
    eligible, _ = catalogue().candidates(facts("gold"), ())
    assert [action.candidate.id for action in eligible] == ["plain", "gold", "casual"]


def test_offered_ids_of_the_catalogue_stand_for_its_actions_under_its_rules() -> None:
    offered = (OfferedAction("casual", {"tone": "forged"}, "forged"), OfferedAction("gold"), OfferedAction("resting"))
    eligible, filtered = catalogue().candidates(facts("new"), (), offered)
    assert [action.spec.id for action in eligible] == ["casual"]
    assert eligible[0].content.render("en", facts().roots)["text"] == "Hey gold!"
    assert filtered["plain"] == "not offered"
    assert filtered["gold"] == "rule: user.tier == 'gold'"
    assert filtered["resting"] == "paused"


def test_an_unknown_offered_action_is_taken_as_it_is_after_the_catalogues() -> None:
    offered = (OfferedAction("new", {"tone": "casual"}, "{{ user.tier }}"), OfferedAction("plain"))
    eligible, _ = catalogue().candidates(facts(), (), offered)
    assert [action.spec.id for action in eligible] == ["plain", "new"]
    assert eligible[1].candidate.features == {"id=new": 1.0, "tone=casual": 1.0}
    assert eligible[1].content.render("de", facts().roots) == {"text": "{{ user.tier }}", "locale": "en"}


def test_an_offered_action_without_text_is_worded_by_the_bot() -> None:
    eligible, _ = catalogue().candidates(facts(), (), (OfferedAction("new"),))
    assert eligible[0].content.render("en", {}) == {}


def test_of_two_offered_actions_with_one_id_the_first_counts() -> None:
    offered = (OfferedAction("a", {}, "one"), OfferedAction("b"), OfferedAction("a", {}, "two"))
    eligible, _ = catalogue().candidates(facts(), (), offered)
    assert [action.spec.id for action in eligible] == ["a", "b"]
    assert eligible[0].content.render("en", {})["text"] == "one"


def test_excluded_offered_actions_are_filtered_and_nothing_offered_means_nothing_eligible() -> None:
    assert catalogue().candidates(facts(), {"new"}, (OfferedAction("new"),))[1]["new"] == "excluded"
    assert catalogue().candidates(facts(), (), ())[0] == []


def test_a_candidates_key_follows_id_and_features_and_nothing_else() -> None:
    def key(**changes: object) -> str:
        action = msgspec.structs.replace(ACTIONS[0], **changes)
        spec = msgspec.structs.replace(SPEC, actions=(action,), baseline=action.id)
        return catalogue(spec).actions[action.id].candidate.key

    assert key() == key(templates={"en": "Other words."}, paused=True, cost=0.5)
    assert len({key(), key(id="other"), key(features={"tone": "casual"})}) == 3


def test_the_version_is_the_specifications_and_changes_with_it() -> None:
    changed = msgspec.structs.replace(SPEC, epsilon=0.5)
    assert catalogue().version == SPEC.version
    assert catalogue(changed).version != SPEC.version


def test_the_fallback_is_plain_text() -> None:
    assert catalogue().fallback.render("fr", facts().roots) == {"text": "Hi {{ user.tier }}", "locale": "en"}


@pytest.mark.parametrize("change", [{"eligible": "user.tier =="}, {"templates": {"en": "{% if %}"}}])
def test_what_does_not_compile_is_a_configuration_error(change: dict[str, object]) -> None:
    action = msgspec.structs.replace(ACTIONS[0], **change)
    with pytest.raises(ConfigError):
        catalogue(msgspec.structs.replace(SPEC, actions=(action,)))
