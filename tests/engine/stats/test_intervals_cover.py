"""Every interval that is shown covers the truth as often as it says, on a log with weights up to ninety."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from engine.errors import NotEvaluable
from engine.stats.bernstein import bernstein
from engine.stats.bootstrap import LEAST_UNITS, Resampling, bootstrap
from engine.stats.confidence_sequence import ConfidenceSequence
from engine.stats.delta import delta
from engine.stats.empirical_likelihood import empirical_likelihood
from engine.stats.influence import Influence
from engine.stats.interval import Interval
from engine.stats.sums import Moments
from engine.stats.weighted import Range, Weighted
from simulator.ope.peaked_log import Rows, drawn, truth

LEAST = 0.93
REPLICATIONS = {500: 300, 2_000: 150, 10_000: 60}
CLICKS = Range(0.0, 1.0)
GREATEST_WEIGHT = 100.0
"""The logger gives every action at least .01."""


def ips(rows: Rows) -> tuple[float, Influence]:
    earned = rows.weight * rows.reward
    return float(earned.mean()), Influence(earned - earned.mean())


def snips(rows: Rows) -> tuple[float, Influence]:
    value = float((rows.weight * rows.reward).sum() / rows.weight.sum())
    return value, Influence(rows.weight * (rows.reward - value) / rows.weight.mean())


def of_bernstein(rows: Rows) -> Interval:
    earned = rows.weight * rows.reward
    seen = Range(float(earned.min()), float(earned.max()))
    return bernstein(Moments.from_array(earned), Range(0.0, GREATEST_WEIGHT), seen)


INTERVALS: dict[str, Callable[[Rows], Interval]] = {
    "delta, ips": lambda rows: delta(*ips(rows)),
    "delta, snips": lambda rows: delta(*snips(rows)),
    "bootstrap, ips": lambda rows: bootstrap(*ips(rows), resampling=Resampling(resamples=400)),
    "bootstrap, snips": lambda rows: bootstrap(*snips(rows), resampling=Resampling(resamples=400)),
    "empirical likelihood": lambda rows: empirical_likelihood(Weighted.of(*rows), CLICKS),
    "bernstein": of_bernstein,
    "confidence sequence": lambda rows: ConfidenceSequence(CLICKS).extended(*rows).interval(),
}


@pytest.fixture(scope="module")
def value() -> float:
    return truth(300_000)


@pytest.fixture(scope="module")
def logs() -> dict[int, list[Rows]]:
    return {n: [drawn(n, n, seed) for seed in range(count)] for n, count in REPLICATIONS.items()}


OFFERED = [(kind, n) for kind in INTERVALS for n in REPLICATIONS if n >= LEAST_UNITS or "bootstrap" not in kind]


@pytest.mark.parametrize(("kind", "n"), OFFERED)
def test_intervals_that_are_shown_cover(kind: str, n: int, value: float, logs: dict[int, list[Rows]]) -> None:
    covered = []
    for rows in logs[n]:
        try:
            covered.append(value in INTERVALS[kind](rows))
        except NotEvaluable:
            continue
    shown = len(covered)
    assert shown > 0.8 * len(logs[n])
    assert np.mean(covered) >= LEAST - 1.64 * math.sqrt(LEAST * (1.0 - LEAST) / shown)


def test_empirical_likelihood_is_no_wider_than_the_normal_interval(logs: dict[int, list[Rows]]) -> None:
    likely = np.mean([INTERVALS["empirical likelihood"](rows).width for rows in logs[10_000]])
    normal = np.mean([2.0 * 1.959964 * ips(rows)[1].standard_error for rows in logs[10_000]])
    assert likely <= normal
