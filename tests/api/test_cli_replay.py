"""``maitred replay`` as a command: what it prints, refuses and ends with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.policies.uniform import UniformPolicy
from simulator.logs.parquet import write_parquet
from simulator.runs.logged import logged
from simulator.worlds.logistic import LogisticWorld

CAUTION, FAILED = 3, 1
ROUNDS = 1_200


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a logger that draws among three actions."""
    path = tmp_path_factory.mktemp("replay") / "log.parquet"
    write_parquet(logged(UniformPolicy(), LogisticWorld(actions=3, features=3), ROUNDS, 1), path)
    return path


def test_policies_that_learn_are_replayed_and_judged(run_verb: Callable, log: Path):
    done = run_verb("replay", str(log), "--policy", "linucb", "--policy", "ucb1", "--repeats", "2")
    assert done.returncode == CAUTION, done.stderr
    linucb, *_ = (line for line in done.stdout.splitlines() if line.startswith("linucb: 0."))
    assert "(95 %) a decision, over the first" in linucb
    assert "ucb1: caution" in done.stdout


def test_programs_get_the_same_with_any_number_of_processes(run_verb: Callable, log: Path):
    asked = ("replay", str(log), "--policy", "linucb", "--method", "rejection", "--repeats", "2", "--json")
    alone, together = run_verb(*asked), run_verb(*asked, "--processes", "2")
    assert alone.stdout == together.stdout
    (found,) = json.loads(alone.stdout)["replays"]
    assert found["low"] < found["value"] < found["high"]
    assert found["method"] == "rejection"


def test_a_policy_can_learn_from_all_that_was_logged(run_verb: Callable, log: Path):
    done = run_verb("replay", str(log), "--policy", "linucb", "--method", "progressive")
    assert "having learned from the 1,200 of the log" in done.stdout


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--policy", "linucb", "--method", "guess"), "unknown method 'guess'; there are doubly_robust, rejection, li"),
        (("--policy", "clever"), "unknown policy 'clever'"),
        (("--policy", "linucb", "--rewards", "1", "0"), "--rewards: expected the least and the greatest one"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(run_verb: Callable, log: Path, options: tuple[str, ...], why: str):
    done = run_verb("replay", str(log), *options)
    assert (done.returncode, done.stdout) == (FAILED, "")
    assert why in done.stderr
