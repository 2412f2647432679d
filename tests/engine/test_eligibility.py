from __future__ import annotations

import pytest

from engine.eligibility import MAX_RULE_LENGTH, Facts, Rule
from engine.errors import ConfigError
from features.vector import FeatureVector

ROOTS = {
    "user_profile": "user",
    "user_activity": "user",
    "session_state": "session",
    "request": "request",
    "local_time": "time",
    "return_visit": "visit",
}
VECTOR = FeatureVector(
    {
        "user_profile.tier": "gold",
        "user_profile.favourite_category": "none",
        "user_activity.purchases": 3,
        "session_state.cart_value": 30.5,
        "session_state.turn": 2,
        "session_state.page": "checkout",
        "request.channel": "web",
        "local_time.hour": 9,
        "return_visit.is_returning": True,
        "loyalty.points": 7,
        "request.huge": 2**70,
    },
    {"user_profile.first_name": "Ada"},
)


def facts(*, consent: bool = True) -> Facts:
    return Facts(VECTOR, ROOTS, consent=consent)


def holds(rule: Rule, facts: Facts) -> bool:
    return rule.refusal(facts.context(rule.reads)) is None


@pytest.mark.parametrize(
    "text",
    [
        "user.tier == 'gold' && user.purchases >= 3",
        "session.cart_value > 20",
        "session.turn > 1.5",
        "request.channel in ['web', 'app'] && time.hour < 12 && visit.is_returning",
        "consent",
        "has(user.tier) && !has(user.nope)",
        "['go', 'si'].exists(start, user.tier.startsWith(start))",
        'user . tier == "gold"',
        "loyalty.points == 7",
        "session.page != 'user.session'",
    ],
)
def test_a_true_condition_holds(text: str) -> None:
    assert holds(Rule.compile(text), facts())


def test_a_false_condition_is_refused_with_its_text_and_without_a_value() -> None:
    rule = Rule.compile("user.tier == 'silver'")
    assert rule.refusal(facts().context(rule.reads)) == "rule: user.tier == 'silver'"


@pytest.mark.parametrize(
    "text",
    [
        "user.nope == 1",
        "user.tier > 3",
        "user.tier",
        "1 / session.turn / 0 == 1",
        "9223372036854775807 + session.turn > 0",
        "session.page.matches('(')",
        "request.huge > 1",
        "nobody.knows == 1",
        "[1][5] == 1",
        "user.first_name == 'Ada'",
    ],
)
def test_a_condition_that_cannot_be_evaluated_is_refused_and_never_raises(text: str) -> None:
    rule = Rule.compile(text)
    refusal = rule.refusal(facts().context(rule.reads))
    assert refusal is not None
    assert refusal.startswith(f"rule failed: {text} (")
    assert not holds(rule, facts())
    assert "gold" not in refusal
    assert "checkout" not in refusal


def test_consent_is_a_fact() -> None:
    rule = Rule.compile("consent && user.tier == 'gold'")
    assert holds(rule, facts(consent=True))
    assert not holds(rule, facts(consent=False))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user.tier ==", "expected a CEL condition"),
        ("", "expected a CEL condition"),
        ("(" * 900 + "true" + ")" * 90, "expected a CEL condition"),
        ("true || " * 200 + "true", f"at most {MAX_RULE_LENGTH} characters"),
        ("lookup(user.tier)", "found lookup"),
        ("user['tier'] == 'gold'", "found user alone"),
        ("'tier' in user", "found user alone"),
    ],
)
def test_a_condition_that_does_not_compile_is_a_configuration_error(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Rule.compile(text)


def test_a_rule_knows_what_it_reads() -> None:
    rule = Rule.compile("consent && user.tier == 'session.page' && [1, 2].exists(x, x == session.turn)")
    assert rule.reads == {("user", "tier"), ("session", "turn")}
    assert rule.roots == {"user", "session"}


def test_templates_see_render_only_features_and_rules_do_not() -> None:
    assert facts().roots["user"]["first_name"] == "Ada"
    assert not holds(Rule.compile("has(user.first_name)"), facts())


def test_words_for_not_knowing_reach_rules_but_not_templates() -> None:
    assert "favourite_category" not in facts().roots["user"]
    assert holds(Rule.compile("user.favourite_category == 'none'"), facts())


def test_every_root_exists_even_if_nothing_is_known() -> None:
    assert {*Facts(FeatureVector({}), ROOTS, consent=False).roots} == {"user", "session", "request", "time", "visit"}


def test_one_context_serves_all_rules_of_a_catalogue() -> None:
    known = facts()
    reads = Rule.compile("user.tier == 'gold'").reads | Rule.compile("session.turn > 0").reads
    assert known.context(reads) is known.context(reads)
