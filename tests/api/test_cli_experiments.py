"""``maitred simulate`` and ``compare`` as commands: what they print, leave behind, refuse and end with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.policies.uniform import UniformPolicy
from simulator.logs.parquet import write_parquet
from simulator.runs.logged import logged
from simulator.worlds.logistic import LogisticWorld

TRUST, FAILED, NOTHING = 0, 1, 4
QUICK = ("--rounds", "200", "--seeds", "2")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("compare") / "log.parquet"
    write_parquet(logged(UniformPolicy(), LogisticWorld(actions=3, features=3), 2_000, 1), path)
    return path


def test_policies_are_run_in_a_world(run_verb: Callable):
    done = run_verb("simulate", "logistic", "--policy", "uniform", "--policy", "linucb", *QUICK)
    assert (done.returncode, done.stderr) == (TRUST, "")
    first, best, other = done.stdout.splitlines()
    assert first == "logistic (200 rounds, 2 runs)"
    assert best.split()[0] == "linucb"
    assert "regret" in other


def test_an_experiment_leaves_results_and_a_page_and_is_not_made_twice(run_verb: Callable, tmp_path: Path):
    (tmp_path / "small.yaml").write_text(
        "schema_version: 1\nname: small\nseeds: 2\nrounds: 100\n"
        "policies: {all: {name: uniform}, ucb: {name: ucb1}}\nworlds: {plain: {name: logistic}}\n"
    )
    asked = ("simulate", str(tmp_path / "small.yaml"), "--to", str(tmp_path / "out"))
    done = run_verb(*asked)
    assert done.returncode == TRUST, done.stderr
    files = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert {path.name for path in files} > {"results.parquet", "report.html"}
    assert len(files) == 6
    again = run_verb(*asked, "--processes", "2")
    assert again.stdout == done.stdout
    assert {path: path.read_bytes() for path in files} == files


def test_policies_are_compared_on_a_log(run_verb: Callable, log: Path):
    policies = ("--policy", "uniform", "--policy", "baseline:action=a0", "--policy", "baseline:action=a1")
    done = run_verb("compare", str(log), *policies, "--reference", "baseline:action=a0", "--rewards", "0", "1")
    assert done.returncode == TRUST, done.stderr
    assert done.stdout.count("against baseline:action=a0: ") == 2
    found = json.loads(run_verb("compare", str(log), *policies, "--json").stdout)
    (place,) = found["places"]
    assert {each["reference"] for each in place["against"]} == {"uniform"}
    assert all(each["interval"]["low"] < each["difference"] < each["interval"]["high"] for each in place["against"])


def test_a_policy_the_log_says_nothing_about_ends_with_the_verdicts_code(run_verb: Callable, tmp_path: Path):
    write_parquet(logged(UniformPolicy(), LogisticWorld(actions=3), 100, 1), tmp_path / "log.parquet")
    done = run_verb("compare", str(tmp_path / "log.parquet"), "--policy", "linucb")
    assert done.returncode == NOTHING
    assert "not evaluable" in done.stdout


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (("simulate", "moon", "--policy", "uniform"), "unknown world 'moon'; there are "),
        (("simulate", "logistic"), "there are no policies"),
        (("simulate", "logistic", "--policy", "clever"), "unknown policy 'clever'"),
        (("simulate", "gone.yaml"), "gone.yaml: expected a readable file"),
        (("compare", "gone.parquet", "--policy", "uniform"), "gone.parquet"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(run_verb: Callable, asked: tuple[str, ...], why: str):
    done = run_verb(*asked)
    assert (done.returncode, done.stdout) == (FAILED, "")
    assert why in done.stderr
