"""What tuning is worth: squared errors of doubly robust, calibrated, tuned, hedged, beside IPS, SNIPS and DR.

``python -m benchmarks.tuned_dr [--sets N] [--rounds N] [--rows N]`` with ``MAITRED_DATASETS`` set. A classifier logs
which class it guesses and whether that was right, another one is to be evaluated; both have seen other rows.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.bakeoff import Table, bakeoff, read
from simulator.ope import registry
from simulator.ope.calibrate import calibrated
from simulator.ope.choices import Choices
from simulator.ope.cross_fit import cross_fitted, folds_by_unit
from simulator.ope.evaluated import Array
from simulator.ope.tune import tuned

COMPARED = ("ips", "snips", "dr")
ALLOWED, NEVER, SHARE = 1.1, 2.0, 0.8
MOST_ROWS = 6_000
TARGET_GREED = 0.9

Rows = NDArray[np.int64]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print mean squared errors by set and logger, in parts of the best of the three, and what was promised."""
    given = _parser().parse_args(arguments)
    print("| set | logger | rows | ips | snips | dr | tuned dr |\n|---|---|---|---|---|---|---|")
    ratios = [ratio for path in bakeoff()[: given.sets] for ratio in _of_set(read(path, MOST_ROWS, 1), given)]
    within = float(np.mean(np.array(ratios) <= ALLOWED))
    typical = float(np.exp(np.log(ratios).mean()))
    print(f"\n≤ {ALLOWED} × the best in {within:.0%} of {len(ratios)} (promised ≥ {SHARE:.0%}); ", end="")
    print(f"at most {max(ratios):.2f} × (promised ≤ {NEVER:g} ×); typically {typical:.2f} ×")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.tuned_dr", description=__doc__)
    parser.add_argument("--sets", type=int, default=10, help="how many, from the smallest file")
    parser.add_argument("--rounds", type=int, default=100, help="logs drawn a set and logger")
    parser.add_argument("--rows", type=int, default=1_000, help="of each log")
    return parser


def _of_set(table: Table, given: argparse.Namespace) -> Iterator[float]:
    """What tuned DR has in parts of the best of the others, one logger after the other."""
    order = np.random.default_rng(2).permutation(len(table.classes))
    logger, target, judged = np.split(order, [len(order) // 20, len(order) * 2 // 5])
    greedy = TARGET_GREED * np.eye(table.actions)[_probabilities(table, target).argmax(axis=1)]
    pmf = greedy + (1.0 - TARGET_GREED) / table.actions
    for name, logged in loggers(_probabilities(table, logger)).items():
        errors = _errors(table, judged, logged, pmf, given)
        best = min(errors[each] for each in COMPARED)
        cells = [f"{errors[each] / best:.2f}" for each in (*COMPARED, "tuned")]
        print(f"| {table.name} | {name} | {min(given.rows, len(judged)):,} | {' | '.join(cells)} |", flush=True)
        yield errors["tuned"] / best


def loggers(guess: Array) -> Mapping[str, Array]:
    """Five ways to log, by what a classifier that has seen few rows believes."""
    actions = guess.shape[1]
    uniform, best = np.full(guess.shape, 1.0 / actions), np.eye(actions)[guess.argmax(axis=1)]
    return {
        "uniform": uniform,
        "epsilon 0.3": 0.7 * best + 0.3 * uniform,
        "epsilon 0.05": 0.95 * best + 0.05 * uniform,
        "averse": 0.02 * best + 0.98 * (1.0 - best) / (actions - 1),
        "softmax": 0.9 * np.sqrt(guess) / np.sqrt(guess).sum(axis=1, keepdims=True) + 0.1 * uniform,
    }


def _probabilities(table: Table, rows: Rows) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(max_iter=200).fit(table.rows[rows], table.classes[rows])
    probabilities = np.zeros((len(table.classes), table.actions))
    probabilities[:, model.classes_] = model.predict_proba(table.rows)
    return probabilities


def _errors(table: Table, judged: Rows, logged: Array, pmf: Array, given: argparse.Namespace) -> dict[str, float]:
    """Mean squared errors over logs of different luck; the truth is that of the very rows that were logged."""
    found: dict[str, list[float]] = {name: [] for name in (*COMPARED, "tuned")}
    for seed in range(given.rounds):
        luck = np.random.default_rng([seed, table.actions])
        rows = luck.choice(judged, min(given.rows, len(judged)), replace=False)
        truth = float(pmf[rows, table.classes[rows]].mean())
        for name, value in _values(table, rows, logged[rows], pmf[rows], luck).items():
            found[name].append((value - truth) ** 2)
    return {name: float(np.mean(each)) for name, each in found.items()}


def _values(table: Table, rows: Rows, logged: Array, pmf: Array, luck: np.random.Generator) -> dict[str, float]:
    chosen = (luck.random((len(rows), 1)) > logged.cumsum(axis=1)[:, :-1]).sum(axis=1)
    reward = (chosen == table.classes[rows]).astype(np.float64)
    propensity = logged[np.arange(len(rows)), chosen]
    choices = Choices.alike(table.rows[rows], table.actions, chosen)
    forecasts = cross_fitted(choices, reward, folds_by_unit(rows.astype(np.uint64)))
    plain = forecasts.evaluated(reward, propensity, pmf.ravel())
    mended = calibrated(forecasts, reward, propensity, pmf.ravel()).evaluated(reward, propensity, pmf.ravel())
    values = {name: registry.build(name).estimate(plain) for name in COMPARED}
    shrinkage = tuned("dros", mended).chosen.parameter
    return {**values, "tuned": registry.build("hedged_dr", shrinkage=shrinkage).estimate(mended)}


if __name__ == "__main__":
    main()
