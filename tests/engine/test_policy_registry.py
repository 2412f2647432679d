"""Policies by name, from configuration that people write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConfigError, PolicyError
from engine.policies import registry
from engine.policies.baseline import BaselinePolicy
from engine.policies.vw import VwPolicy
from engine.types import Candidate

PAIR = (Candidate("a", "a", {"a": 1.0}), Candidate("b", "b", {"b": 1.0}))


def test_build_gives_the_policy_with_its_parameters() -> None:
    policy = registry.build("vw", {"flags": "--cb_explore_adf --epsilon 0.1", "max_actions": 5})
    assert isinstance(policy, VwPolicy)
    assert policy.params == {
        "flags": "--cb_explore_adf --epsilon 0.1",
        "label_probability": "one",
        "max_actions": 5,
    }


def test_load_gives_the_saved_state(tmp_path: Path) -> None:
    policy = registry.build("vw", {})
    policy.save(tmp_path / "model")
    assert registry.load("vw", {}, tmp_path / "model").pmf({}, PAIR) == policy.pmf({}, PAIR)


@pytest.mark.parametrize(
    ("name", "params", "complaint"),
    [
        ("nobody", {}, "unknown policy 'nobody'; there are baseline, .*uniform, vw"),
        ("uniform", {"epsilon": 0.1}, "no parameters; not 'epsilon'"),
        ("vw", {"flag": ""}, "flags, label_probability, max_actions; not 'flag'"),
        ("vw", {"flags": 5}, "parameter 'flags': Expected `str`"),
        ("vw", {"label_probability": "half"}, "parameter 'label_probability': Invalid enum value 'half'"),
        ("vw", {"flags": "--cb_explore_adf --elim"}, "--elim"),
        ("baseline", {}, "needs the parameter 'action'"),
    ],
)
def test_a_wrong_name_or_parameter_says_what_was_expected(name: str, params: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        registry.build(name, params)


def test_only_learning_policies_say_that_they_learn() -> None:
    assert [registry.learns(name) for name in ("baseline", "uniform", "vw")] == [False, False, True]


@pytest.mark.parametrize("name", registry.policies())
def test_no_policy_gives_a_pmf_over_nothing(name: str) -> None:
    params = registry.policies()[name].check_params[0]
    with pytest.raises(PolicyError, match="at least one candidate"):
        registry.build(name, params).pmf({}, ())


def test_a_policy_that_is_no_sum_over_features_says_so() -> None:
    assert registry.build("uniform", {}).contributions({}, PAIR[0]) is None


@pytest.mark.parametrize(("action", "pmf"), [("b", [0.0, 1.0]), ("gone", [1.0, 0.0])])
def test_the_baseline_takes_the_first_candidate_where_its_own_is_not_eligible(action: str, pmf: list[float]) -> None:
    assert BaselinePolicy(action=action).pmf({}, PAIR) == pmf
