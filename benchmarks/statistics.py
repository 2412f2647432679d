"""Intervals of a policy's value: how long each takes over so many rows."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.question import NOT_PROMISED, Answer
from benchmarks.rounds import Round, Rounds, computing, in_turns
from benchmarks.size import Size
from engine.stats.weighted import Range
from simulator.ope.estimate import INTERVALS, Asked, estimate
from simulator.ope.evaluated import Evaluated
from simulator.ope.ips import IPS

CLICKS, WEIGHTS = Range(0.0, 1.0), Range(0.0, 100.0)
PROMISED_S = {"bootstrap": 2.0}
"""For 2,000 resamples of a million rows."""
BARE = "bare numpy"


def measure(_home: Path, size: Size) -> list[Answer]:
    """From arrays to an interval, checks included, beside mean and variance by bare numpy."""
    rng = np.random.default_rng(1)
    propensity = rng.uniform(0.01, 1.0, size.rows)
    rows = Evaluated((rng.random(size.rows) < 0.3).astype(np.float64), propensity, rng.random(size.rows) * propensity)
    sides: dict[str, Round] = {kind: computing(partial(_interval, rows, kind), 1) for kind in INTERVALS}
    rounds = in_turns({**sides, BARE: computing(partial(_bare, rows), 1)}, size.rounds)
    return [_answer(kind, rounds, size.rows) for kind in INTERVALS]


def _interval(rows: Evaluated, kind: str, _call: int) -> None:
    estimate(Asked(rows, IPS(), CLICKS, WEIGHTS), kind)


def _bare(rows: Evaluated, _call: int) -> float:
    earned = rows.reward * rows.target / rows.propensity
    return float(earned.mean() + earned.var())


def _answer(kind: str, rounds: Rounds, rows: int) -> Answer:
    seconds, promised = rounds.median(kind) / 1e6, PROMISED_S.get(kind)
    return Answer(
        question=f"{kind} interval of ips, in memory, one core",
        promise=f"< {promised:.0f} s a million rows" if promised else NOT_PROMISED,
        measured=f"{seconds:.2f} s",
        kept=seconds < promised if promised else None,
        detail=f"{rows:,} rows; {rounds.ratio(kind, BARE):.0f} × their mean and variance by numpy",
        figures={"rows_per_second": rows / seconds},
    )
