"""Rows a second of the estimators over stored propensities and forecasts, in memory; of fitting a reward model."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.question import NOT_PROMISED, Answer
from benchmarks.rounds import Round, Rounds, in_turns
from benchmarks.size import Size
from simulator.ope import registry
from simulator.ope.base import Estimator
from simulator.ope.choices import Choices
from simulator.ope.cross_fit import cross_fitted, folds_by_unit
from simulator.ope.evaluated import Array, Evaluated

PROMISED = {"ips": 20, "dr": 5}
"""Million rows a second."""
ACTIONS, COLUMNS = 10, 10


def measure(_home: Path, size: Size) -> list[Answer]:
    """Every estimator, from five arrays to a value, checks and exact sums included, beside rounding sums by numpy."""
    columns = _columns(size.rows)
    sides = {name: _side(partial(_estimated, kind(), columns)) for name, kind in registry.estimators().items()}
    floors = {f"bare {name}": _side(partial(bare, columns)) for name, bare in BARE.items()}
    rounds = in_turns({**sides, **floors}, size.rounds)
    return [*(_answer(name, rounds, size.rows) for name in sides), _model(size.rows // 10)]


def _side(work: Callable[[], float]) -> Round:
    def play() -> float:
        start = time.thread_time()
        work()
        return (time.thread_time() - start) * 1e6

    return play


def _estimated(estimator: Estimator, columns: Mapping[str, Array]) -> float:
    return estimator.estimate(Evaluated(**columns))


def _columns(rows: int) -> dict[str, Array]:
    rng = np.random.default_rng(1)
    return {
        "reward": (rng.random(rows) < 0.3).astype(np.float64),
        "propensity": rng.uniform(0.01, 1.0, rows),
        "target": rng.random(rows),
        "forecast": rng.random(rows),
        "baseline": rng.random(rows),
    }


def _bare_ips(columns: Mapping[str, Array]) -> float:
    return float((columns["reward"] * columns["target"] / columns["propensity"]).mean())


def _bare_dr(columns: Mapping[str, Array]) -> float:
    residual = columns["reward"] - columns["forecast"]
    return float((columns["baseline"] + columns["target"] / columns["propensity"] * residual).mean())


BARE: Mapping[str, Callable[[Mapping[str, Array]], float]] = {"ips": _bare_ips, "dr": _bare_dr}


def _answer(name: str, rounds: Rounds, rows: int) -> Answer:
    millions = rows / rounds.median(name)
    promised = PROMISED.get(name)
    bare = f"; bare numpy, rounding: {rows / rounds.median(f'bare {name}'):.0f} million" if name in BARE else ""
    return Answer(
        question=f"{name}: rows a second in memory, one core, exact sums",
        promise=f"≥ {promised} million" if promised else NOT_PROMISED,
        measured=f"{millions:.0f} million",
        kept=millions >= promised if promised else None,
        detail=f"{rows:,} rows in {rounds.median(name) / 1e3:.1f} ms, checks included{bare}",
        figures={"million_rows_per_second": millions},
    )


def _model(rows: int) -> Answer:
    rng = np.random.default_rng(2)
    choices = Choices.alike(rng.normal(size=(rows, COLUMNS)), ACTIONS, rng.integers(ACTIONS, size=rows))
    reward = (rng.random(rows) < 0.3).astype(np.float64)
    start = time.perf_counter()
    cross_fitted(choices, reward, folds_by_unit(np.arange(rows, dtype=np.uint64)))
    taken = time.perf_counter() - start
    return Answer(
        question="reward model, cross-fitted: rows a second",
        promise=NOT_PROMISED,
        measured=f"{rows / taken / 1e3:.0f} thousand",
        kept=None,
        detail=f"{rows:,} clicks, {COLUMNS} columns, {ACTIONS} actions, 5 folds in {taken:.2f} s",
        figures={"rows_per_second": rows / taken},
    )
