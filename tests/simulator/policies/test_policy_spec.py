"""A policy by a word or a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ConfigError
from simulator.policies.spec import policy_of


@pytest.mark.parametrize(
    "text", ["baseline:action=a1", "baseline: action = a1", "baseline:action='a1'", 'baseline:action="a1"']
)
def test_parameters_are_read_as_in_yaml(text: str):
    assert policy_of(text).action == "a1"


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("fixed:shares={a: 0.25, b: 0.75}", {"a": 0.25, "b": 0.75}),
        ("fixed:shares={'a,b': 1, \"c}\": 2}", {"a,b": 1.0, "c}": 2.0}),
    ],
)
def test_commas_within_quotes_and_brackets_are_part_of_the_value(text: str, shares: dict[str, float]):
    assert policy_of(text).shares == shares


def test_several_parameters_are_parted_by_commas():
    policy = policy_of("epsilon_greedy:epsilon=0.2,prior=3")
    assert (policy.epsilon, policy.prior) == (0.2, 3.0)


def test_a_file_is_as_in_a_bots_configuration(tmp_path: Path):
    (tmp_path / "p.yaml").write_text("name: epsilon_greedy\nparams: {epsilon: 0.2}\n")
    assert policy_of(str(tmp_path / "p.yaml")).epsilon == 0.2


@pytest.mark.parametrize(
    "text",
    ["nosuch", "uniform:epsilon=1", "baseline:action", "baseline:=1", "baseline:action=[", "fixed:shares={a: -1}", ""],
)
def test_what_is_no_policy_is_said(text: str):
    with pytest.raises(ConfigError):
        policy_of(text)


@pytest.mark.parametrize("content", [None, b"- a list", b"name: [", b"\xff\xfe", b"name: nosuch"])
def test_a_file_that_is_no_policy_is_said(tmp_path: Path, content: bytes | None):
    path = tmp_path / "p.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError):
        policy_of(str(path))
