"""``maitred evaluate``, ``audit`` and ``convert`` as commands: what they print, refuse and end with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

ACTIONS = ("a", "b")
TRUST, FAILED, MISUSED, NOTHING = 0, 1, 2, 4
UNSEEN = (0.999999, 0.000001)


def dsjson(path: Path, n: int, shares: tuple[float, float] = (0.5, 0.5)) -> Path:
    """A log in which ``a`` is rewarded in one turn of two and ``b`` always."""
    random = np.random.default_rng(1)
    with path.open("w") as file:
        for number in range(n):
            chosen = int(random.random() >= shares[0])
            reward = 1.0 if chosen else float(number % 2)
            file.write(json.dumps(_line(number, chosen, shares, reward)) + "\n")
    return path


def _line(number: int, chosen: int, shares: tuple[float, float], reward: float) -> dict[str, object]:
    order = [chosen, 1 - chosen]
    return {
        "_label_cost": -reward,
        "_label_probability": shares[chosen],
        "_label_Action": chosen + 1,
        "_labelIndex": chosen,
        "Timestamp": "2026-01-31T12:00:00Z",
        "EventId": f"d{number}",
        "a": [each + 1 for each in order],
        "p": [shares[each] for each in order],
        "c": {"mood": "good", "_multi": [{"id": each} for each in ACTIONS]},
    }


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dsjson(tmp_path_factory.mktemp("log") / "log.dsjson", 2_000)


def test_a_policy_is_estimated_with_intervals_and_a_verdict(run_verb: Callable, log: Path):
    done = run_verb("evaluate", str(log), "--policy", "uniform", "--rewards", "0", "1")
    assert (done.returncode, done.stderr) == (TRUST, "")
    assert "verdict: trust" in done.stdout
    assert "rows: 2,000 of 2,000 can be used" in done.stdout


def test_programs_get_the_same_as_json(run_verb: Callable, log: Path):
    done = run_verb(
        "evaluate", str(log), "--policy", "uniform", "--estimator", "snips", "--interval", "delta@0.9", "--json"
    )
    found = json.loads(done.stdout)
    (estimate,) = found["estimates"]
    assert (estimate["estimator"], estimate["interval"], estimate["confidence"]) == ("snips", "delta", 0.9)
    assert estimate["low"] < 0.75 < estimate["high"]
    assert (found["verdict"], found["rows"]["usable"]) == ("trust", 2_000)


def test_the_exit_code_is_the_verdicts(run_verb: Callable, tmp_path: Path):
    path = dsjson(tmp_path / "one-sided.dsjson", 500, UNSEEN)
    for verb in ("evaluate", "audit"):
        done = run_verb(verb, str(path), "--policy", "uniform")
        assert done.returncode == NOTHING, done.stdout
        assert "verdict: not evaluable" in done.stdout
        assert "uniform: " not in done.stdout


def test_an_audit_tells_the_verdict_alone(run_verb: Callable, log: Path):
    done = run_verb("audit", str(log), "--json")
    assert done.returncode == TRUST
    assert json.loads(done.stdout)["estimates"] == []


def test_what_was_converted_evaluates_alike(run_verb: Callable, log: Path, tmp_path: Path):
    to = tmp_path / "log.parquet"
    done = run_verb("convert", str(log), "--to", str(to))
    assert (done.returncode, done.stderr) == (TRUST, "")
    assert "2,000 rows written, 0 left out" in done.stdout
    arguments = ("--policy", "uniform", "--json")
    of_both = [json.loads(run_verb("evaluate", str(each), *arguments).stdout) for each in (log, to)]
    assert of_both[0]["estimates"] == of_both[1]["estimates"]


def test_bad_lines_are_counted_and_named(run_verb: Callable, log: Path, tmp_path: Path):
    path = tmp_path / "log.dsjson"
    path.write_text(log.read_text() + "{not json\n")
    done = run_verb("convert", str(path), "--to", str(tmp_path / "log.parquet"), "--json")
    told = json.loads(done.stdout)
    assert (told["rows"], told["bad"]) == (2_000, 1)
    assert "2001" in told["faults"][0] or "2,001" in told["faults"][0]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--policy", "nosuch"), FAILED, "nosuch"),
        (("--policy", "linucb"), FAILED, "replay"),
        (("--policy", "uniform", "--estimator", "magic"), FAILED, "magic"),
        (("--policy", "uniform", "--interval", "guess"), FAILED, "guess"),
        (("--policy", "uniform", "--interval", "delta@sure"), FAILED, "--interval"),
        (("--policy", "uniform", "--rewards", "1", "0"), FAILED, "--rewards"),
        (("--policy", "uniform", "--mapping", "nowhere.yaml"), FAILED, "nowhere.yaml"),
        (("--policy", "uniform", "--format", "parquet"), FAILED, "Parquet"),
        (("--policy", "uniform", "--format", "excel"), MISUSED, "excel"),
        ((), MISUSED, "--policy"),
    ],
)
def test_what_cannot_be_asked_is_said(run_verb: Callable, log: Path, arguments: tuple[str, ...], code: int, words: str):
    done = run_verb("evaluate", str(log), *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", [None, b"", b"\x00\x01", b"no,log\n1,2\n"])
def test_a_log_that_is_none_is_said_in_one_line(run_verb: Callable, tmp_path: Path, content: bytes | None):
    path = tmp_path / "log"
    if content is not None:
        path.write_bytes(content)
    done = run_verb("evaluate", str(path), "--policy", "uniform")
    assert done.returncode == FAILED
    assert done.stderr.startswith("maitred: ")
    assert len(done.stderr.splitlines()) == 1
