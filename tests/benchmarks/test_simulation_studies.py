"""The studies of intervals, replay and simulated rounds still run; what they find is for who reads it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from benchmarks import coverage, replay, simulate_vw
from benchmarks.size import SMOKE
from simulator.ope.estimate import INTERVALS

pytestmark = pytest.mark.slow


def test_every_kind_of_interval_is_tried_at_every_size(capsys: pytest.CaptureFixture[str]) -> None:
    coverage.main(["--logs", "1", "--streams", "1"])
    printed = capsys.readouterr().out
    for kind in INTERVALS:
        for estimator in ("ips", "snips"):
            assert printed.count(f"{kind}, {estimator}") == len(coverage.REPLICATIONS)
    assert "of 1 null streams" in printed


def test_every_policy_is_replayed_by_every_method(capsys: pytest.CaptureFixture[str]) -> None:
    replay.main(["--rows", "2000", "--logs", "1"])
    printed = capsys.readouterr().out
    for policy in replay.POLICIES:
        for method in replay.METHODS:
            assert f"| {policy} | {method.name} |" in printed


def test_rounds_are_counted_beside_the_binding_alone() -> None:
    found = simulate_vw.measure(Path(), SMOKE)
    assert len(found) == len(simulate_vw.FLAGS)
    assert all(math.isfinite(figure) and figure > 0 for answer in found for figure in answer.figures.values())
