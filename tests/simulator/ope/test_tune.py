"""Parameters are chosen from the data, as the papers say, and the choice is shown."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from engine.errors import NotEvaluable
from simulator.ope.evaluated import Evaluated
from simulator.ope.tune import default_grid, tuned

GOLDEN = Path(__file__).parent / "golden"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
CASES = [(log, name) for log, found in EXPECTED["logs"].items() for name in found["tuned"]]


def golden(name: str) -> Evaluated:
    with np.load(GOLDEN / "logs.npz") as columns:
        return Evaluated(**{key.split(".")[1]: columns[key] for key in columns.files if key.startswith(f"{name}.")})


@pytest.mark.parametrize(("log", "name"), CASES)
def test_the_choice_and_its_value_are_those_of_obp(log: str, name: str) -> None:
    found, expected = tuned(name, golden(log), EXPECTED["grid"]), EXPECTED["logs"][log]["tuned"][name]
    assert found.chosen.parameter == expected["chosen"]
    assert found.estimator.estimate(golden(log)) == pytest.approx(expected["value"], rel=0.0, abs=1e-9)


def test_candidates_are_shown_from_the_widest_and_the_last_consistent_one_is_chosen() -> None:
    found = tuned("dros", golden("clicks"))
    widths = [each.width for each in found.candidates]
    assert widths == sorted(widths, reverse=True)
    consistent = [each.consistent for each in found.candidates]
    assert consistent == sorted(consistent, reverse=True)
    assert found.chosen == found.candidates[sum(consistent) - 1]
    assert found.estimator.params == {"shrinkage": found.chosen.parameter}
    assert f"of {len(found.candidates)} candidates" in str(found)


def test_a_bias_that_can_be_seen_is_not_chosen() -> None:
    """A model that is wrong by 1 everywhere: shrinking weights would trust it."""
    rng = np.random.default_rng(1)
    n = 20_000
    target = rng.uniform(0.1, 1.0, n)
    wrong = np.full(n, 2.0)
    rows = Evaluated(rng.normal(1.0, 0.1, n), np.full(n, 0.5), target, wrong, wrong)
    found = tuned("dros", rows, [1e-4, math.inf])
    assert found.chosen.parameter == math.inf
    assert [each.consistent for each in found.candidates] == [True, False]


def test_the_default_grid_goes_with_the_ratios_and_has_no_bound_at_all() -> None:
    ratio = np.linspace(0.0, 10.0, 1001)
    clips, shrinkages = default_grid("clipped_ips", ratio), default_grid("dros", ratio)
    assert clips[0] == shrinkages[0] == math.inf
    assert max(clips[1:]) <= 10.0
    assert shrinkages[1:] == [clip * clip for clip in clips[1:]]
    assert default_grid("clipped_ips", np.zeros(3)) == [math.inf]


@pytest.mark.parametrize(("name", "rows"), [("ips", 10), ("dros", 1)])
def test_nothing_to_choose_or_to_choose_from_is_refused(name: str, rows: int) -> None:
    with pytest.raises(NotEvaluable):
        tuned(name, golden("clicks")[:rows])
