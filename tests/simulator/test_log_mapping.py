"""A mapping is checked like the bot's own YAML: every problem with its line, its key and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.demo.choose import HILLSTROM
from engine.errors import ConfigError
from simulator.logged.mapping import LogMapping, action_id, feature_name
from simulator.logged.mapping_file import load

GOOD = """\
schema_version: 1
name: newsletter
placement: headline
arm: shown
arms:
  Plain: {text: Our news}
  Loud!: {text: OUR NEWS}
baseline: Plain
propensity: {Plain: 0.9, Loud!: 0.1}
user: reader
metrics:
  opened: {range: [0, 1]}
  spent: {column: dollars}
features:
  age: number
  Home Town: category
"""


def loaded(tmp_path: Path, text: str) -> LogMapping:
    path = tmp_path / "mapping.yaml"
    path.write_text(text)
    return load(path)


def test_a_good_mapping_is_what_it_says(tmp_path: Path) -> None:
    mapping = loaded(tmp_path, GOOD)
    assert mapping.column_of("opened") == "opened"
    assert mapping.column_of("spent") == "dollars"
    assert mapping.propensity == {"Plain": 0.9, "Loud!": 0.1}
    assert set(mapping.columns) == {"shown", "reader", "opened", "dollars"}


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "expected"),
    [
        ("arm: shown\n", "", 1, "arm", "this key, which is required"),
        ("arm: shown", "arn: shown", 4, "arn", "'arm'"),
        ("age: number", "age: whole", 15, "features.age", "one of number, category, text"),
        ("Loud!: {text", "plain: {text", 7, "arms.plain", "no other label makes"),
        ("Loud!: {text: OUR NEWS}", "'!!': {}", 7, "arms.!!", "a label that makes an id"),
        ("OUR NEWS", "'{{ loud'", 7, "arms.Loud!.text", "a Liquid template"),
        ("OUR NEWS", "'{{ weather.wind }}'", 7, "arms.Loud!.text", "names from"),
        ("baseline: Plain", "baseline: Quiet", 8, "baseline", "one of the arms"),
        ("{Plain: 0.9, Loud!: 0.1}", "{Plain: 0.9}", 9, "propensity", "for each arm"),
        ("{Plain: 0.9, Loud!: 0.1}", "{Plain: 0.9, Loud!: 0.2}", 9, "propensity", "sum to 1"),
        ("{Plain: 0.9, Loud!: 0.1}", "{Plain: 1.0, Loud!: 0.0}", 9, "propensity", "above 0"),
        ("{Plain: 0.9, Loud!: 0.1}", "0.0", 9, "propensity", "above 0"),
        ("range: [0, 1]", "range: [1, 2]", 12, "metrics.opened.range", "with 0 between them"),
        ("age: number", "dollars: number", 15, "features.dollars", "not metrics.spent"),
        ("age: number", "shown: category", 15, "features.shown", "not arm"),
        ("age: number", "home-town: category", 16, "features.Home Town", "a name of its own"),
    ],
)
def test_a_problem_is_named_with_line_key_and_expectation(
    tmp_path: Path, old: str, new: str, line: int, key: str, expected: str
) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, GOOD.replace(old, new, 1))
    named = [problem for problem in str(refused.value).splitlines() if problem.startswith(f"  line {line}: {key}: ")]
    assert any(expected in problem for problem in named), str(refused.value)


def test_the_shipped_mapping_of_the_e_mail_test_is_good() -> None:
    mapping = load(HILLSTROM)
    assert list(mapping.metrics) == ["visit", "conversion", "spend"]
    assert mapping.columns.keys().isdisjoint(mapping.features)


def test_labels_make_ids_and_columns_make_names() -> None:
    assert action_id("Mens E-Mail") == "mens-e-mail"
    assert action_id("card_arrival") == "card-arrival"
    assert action_id("¿?") == ""
    assert feature_name("Zip Code") == "zip_code"
    assert feature_name("2nd street") == "c_2nd_street"
