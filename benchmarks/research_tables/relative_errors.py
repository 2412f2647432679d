"""The seven estimators of obp's experiments, and how far each is from the truth, in parts of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from simulator.ope import registry
from simulator.ope.evaluated import Array, Evaluated
from simulator.ope.tune import tuned

PLAIN = ("dm", "ips", "snips", "dr", "sndr")
TUNED = ("switch_dr", "dros")
GRID = (10.0, 50.0, 100.0, 500.0, 1_000.0, 5_000.0, 10_000.0, math.inf)
"""Of the tuned one's parameter, as in obp's experiments."""


def relative_errors(logs: Sequence[Evaluated], truths: Sequence[float]) -> dict[str, Array]:
    """Of each estimator on each log."""
    found = [(values(rows), truth) for rows, truth in zip(logs, truths, strict=True)]
    return {name: np.array([abs(each[name] - truth) / truth for each, truth in found]) for name in (*PLAIN, *TUNED)}


def values(rows: Evaluated) -> dict[str, float]:
    """What each estimator says; those with a parameter with that which SLOPE chooses."""
    plain = {name: registry.build(name).estimate(rows) for name in PLAIN}
    return plain | {name: tuned(name, rows, GRID).chosen.value for name in TUNED}
