"""On shared inputs every estimator gives what Open Bandit Pipeline 0.5.7 gives (see ``golden/make_from_obp.py``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.ope import registry
from simulator.ope.evaluated import Evaluated

GOLDEN = Path(__file__).parent / "golden"
EXPECTED: dict[str, Any] = json.loads((GOLDEN / "expected.json").read_text())
CASES = [
    pytest.param(name, case, id="-".join([name, case["estimator"], *map(str, case["params"].values())]))
    for name, log in EXPECTED["logs"].items()
    for case in log["values"]
]


def rows(name: str) -> Evaluated:
    with np.load(GOLDEN / "logs.npz") as columns:
        return Evaluated(**{key.split(".")[1]: columns[key] for key in columns.files if key.startswith(f"{name}.")})


@pytest.mark.parametrize(("name", "case"), CASES)
def test_values_are_those_of_obp(name: str, case: dict[str, Any]) -> None:
    found = registry.build(case["estimator"], **case["params"]).estimate(rows(name))
    assert found == pytest.approx(case["value"], rel=0.0, abs=1e-9)


def test_every_estimator_that_both_have_is_compared() -> None:
    assert {case["estimator"] for log in EXPECTED["logs"].values() for case in log["values"]} == {
        *("dm", "ips", "clipped_ips", "snips", "dr", "sndr", "switch_dr", "dros")
    }


def test_the_digits_of_the_readme_of_obp() -> None:
    """Its multi-class example prints this relative error of inverse propensity weighting."""
    truth = EXPECTED["digits"]["truth"]
    assert truth == 0.9634340222575517
    error = abs((registry.build("ips").estimate(rows("digits")) - truth) / truth)
    assert error == pytest.approx(0.01827255896321327, rel=0.0, abs=1e-12)
