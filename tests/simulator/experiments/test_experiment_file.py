"""An experiment's YAML: what it means, and that every problem is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.policies.uniform import UniformPolicy
from simulator.experiments.spec import load
from simulator.logs.parquet import write_parquet
from simulator.runs.logged import logged
from simulator.worlds.logistic import LogisticWorld

YAML = """\
schema_version: 1
name: first-look
seeds: 2
rounds: 100
reference: vw
policies:
  uniform: {name: uniform}
  vw: {name: vw}
worlds:
  plain: {name: logistic, params: {actions: 3}}
  long: {name: shop, rounds: 300}
logs:
  yesterday: {path: log.parquet, rewards: [0, 1], learns_from: log}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_parquet(logged(UniformPolicy(), LogisticWorld(actions=2), 10, 1), tmp_path / "log.parquet")
    path = tmp_path / "first.yaml"
    path.write_text(YAML)
    return path


def test_a_file_is_an_experiment(file: Path) -> None:
    found = load(file)
    assert [each.label for each in found.entrants] == ["uniform", "vw"]
    assert [(each.label, each.kind) for each in found.settings] == [
        ("plain", "world"),
        ("long", "world"),
        ("yesterday", "log"),
    ]
    assert [dict(each.described).get("rounds") for each in found.settings] == [100, 300, None]
    assert (found.compared_with, list(found.seeds)) == ("vw", [1, 2])
    assert len(list(found.cells())) == 12


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("name: vw}", "name: vw, params: {flag: 1}}", r"line 8: policies\.vw: .*'vw' takes .*; not 'flag'"),
        ("name: logistic", "name: moon", r"line 10: worlds\.plain: .*unknown world 'moon'"),
        ("actions: 3", "actions: three", r"parameter 'actions': Expected `int`"),
        ("log.parquet", "gone.parquet", r"line 13: logs\.yesterday\.path: expected a file"),
        ("[0, 1]", "[1, 0]", r"line 13: logs\.yesterday\.rewards: expected two numbers, the smaller first"),
        ("reference: vw", "reference: best", r"line 5: reference: expected one of the policies, found 'best'"),
        ("seeds: 2", "seeds: none", r"line 3: seeds"),
        ("yesterday:", "plain:", r"line 13: logs\.plain: expected a name that no world has"),
        ("schema_version: 1", "schema_version: 2", "line 1: schema_version"),
    ],
)
def test_every_problem_is_named_with_its_line(file: Path, old: str, new: str, why: str) -> None:
    file.write_text(YAML.replace(old, new))
    with pytest.raises(ConfigError, match=why):
        load(file)


def test_an_experiment_without_a_place_to_measure_is_refused(file: Path) -> None:
    file.write_text(YAML[: YAML.index("worlds:")])
    with pytest.raises(ConfigError, match="worlds: expected a world or a log"):
        load(file)
