"""Where vw-estimators 0.2.2 has the same interval, it is the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.stats.confidence_sequence import ConfidenceSequence
from engine.stats.empirical_likelihood import empirical_likelihood
from engine.stats.influence import Influence
from engine.stats.interval import Interval
from engine.stats.weighted import Range, Weighted

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "golden" / "intervals.json").read_text())
IDS = [f"n={len(case['weights'])}, range {case['range']}" for case in CASES]
KNOWN_WEIGHTS = Range(0.0, 1.4)
EXACT, SOLVED = 1e-9, 1e-6
"""Closed forms; and roots, which theirs and ours find to different digits."""


def rows(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(case["weights"]), np.array(case["rewards"])


def same(interval: Interval, theirs: list[float], within: float) -> bool:
    return [interval.low, interval.high] == pytest.approx(theirs, abs=within)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_their_normal_interval_has_our_standard_error(case: dict[str, Any]) -> None:
    weights, rewards = rows(case)
    earned = weights * rewards
    margin = 1.959963984540054 * Influence(earned - earned.mean()).standard_error
    ours = Interval(earned.mean() - margin, earned.mean() + margin, 0.95, "delta", len(earned))
    assert same(ours, case["intervals"]["gaussian"], EXACT)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_empirical_likelihood(case: dict[str, Any]) -> None:
    summed, declared = Weighted.of(*rows(case)), Range(*case["range"])
    assert same(empirical_likelihood(summed, declared), case["intervals"]["cressie_read"], EXACT)
    known = empirical_likelihood(summed, declared, weights=KNOWN_WEIGHTS)
    assert same(known, case["intervals"]["cressie_read_known_weights"], EXACT)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_confidence_sequences(case: dict[str, Any]) -> None:
    ours = ConfidenceSequence(Range(*case["range"])).extended(*rows(case)).interval(early=1.0)
    assert same(ours, case["intervals"]["confidence_sequence"], SOLVED)
