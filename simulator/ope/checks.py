"""The contract every estimator keeps, as checks that anybody can run on an estimator of their own.

def test_my_estimator_keeps_the_contract():
    check_estimator(lambda: MyEstimator(clip=10.0))
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from engine.errors import NotEvaluable
from simulator.ope.base import Estimator, merged, standard_error
from simulator.ope.check_logs import modest_log, uniform_log, wild_log
from simulator.ope.evaluated import Evaluated

Make = Callable[[], Estimator]

ROWS = 2_000
STANDARD_ERRORS = 4.0
ROUNDING = 1e-12


class ContractBroken(AssertionError):
    """An estimator does not keep the contract; the message says which part."""


def check_estimator(make: Make) -> None:
    """Run every check.

    Args:
        make: gives a new estimator, the same at every call.

    Raises:
        ContractBroken: at the first part of the contract that is not kept.
    """
    for check in CHECKS:
        check(make)


def check_any_partition_gives_the_same_digits(make: Make) -> None:
    """Sums of parts, merged in any order, are the sums of the whole."""
    estimator, rows, rng = make(), wild_log(ROWS, seed=1), np.random.default_rng(2)
    whole = estimator.sums(rows)
    for parts in (2, 7, 40):
        cuts = [0, *np.sort(rng.choice(np.arange(1, ROWS), parts - 1, replace=False)).tolist(), ROWS]
        pieces = [estimator.sums(rows[start:end]) for start, end in pairwise(cuts)]
        for order in (pieces, pieces[::-1], [pieces[number] for number in rng.permutation(parts)]):
            _require(merged(order) == whole, f"{parts} parts give other sums than the whole")


def check_any_order_of_rows_gives_the_same_digits(make: Make) -> None:
    """Shuffled rows have the same sums and so the same value."""
    estimator, rows = make(), wild_log(ROWS, seed=3)
    shuffled = rows[np.random.default_rng(4).permutation(ROWS)]
    _require(estimator.sums(shuffled) == estimator.sums(rows), "shuffling the rows changed the sums")


def check_what_was_logged_is_worth_its_mean(make: Make) -> None:
    """A uniform target on a uniform log earns the mean reward."""
    estimator, rows = make(), uniform_log(ROWS, seed=5)
    apart = abs(estimator.estimate(rows) - float(rows.reward.mean()))
    _require(apart <= ROUNDING, f"the value of the logger itself is {apart:.2g} away from the mean reward")


def check_the_truth_is_found(make: Make) -> None:
    """Where weights are modest and the model is right, the value is as near to the truth as its error says."""
    estimator, log = make(), modest_log(20_000, seed=6)
    sums = estimator.sums(log.rows)
    error = standard_error(estimator.influence(log.rows, sums))
    apart = abs(estimator.point(sums) - log.truth)
    allowed = STANDARD_ERRORS * error + ROUNDING
    _require(apart <= allowed, f"the truth is {apart:.2g} away, {allowed:.2g} would be chance")


def check_influences_are_centred(make: Make) -> None:
    """Over all rows they have mean 0."""
    estimator, rows = make(), wild_log(ROWS, seed=7)
    influence = estimator.influence(rows, estimator.sums(rows))
    scale = float(np.abs(influence).mean())
    _require(influence.shape == (ROWS,), f"{influence.shape} influences for {ROWS} rows")
    _require(abs(math.fsum(influence)) <= ROUNDING * ROWS * scale, "the influences do not have mean 0")


def check_influences_are_what_rows_do(make: Make) -> None:
    """A row counted a second time moves the value by its influence over n, up to terms in 1/n²."""
    estimator, rows = make(), modest_log(ROWS, seed=8).rows
    sums = estimator.sums(rows)
    influence = estimator.influence(rows, sums)
    scale = float(np.abs(influence).max())
    for number in range(0, ROWS, ROWS // 20):
        twice = sums.merge(estimator.sums(rows[number : number + 1]))
        moved = (estimator.point(twice) - estimator.point(sums)) * (ROWS + 1)
        apart = abs(moved - influence[number])
        _require(apart <= 10.0 * scale / ROWS, f"row {number} moves the value by {moved}, not {influence[number]}")


def check_dropped_rows_are_made_up_for(make: Make) -> None:
    """A log of which a constant share was kept has the value of the whole."""
    estimator, rows = make(), modest_log(ROWS, seed=9).rows
    half = replace(rows, keep=np.full(ROWS, 0.5))
    apart = abs(estimator.estimate(half) - estimator.estimate(rows))
    _require(apart <= ROUNDING, f"a log of which half was kept has another value, by {apart:.2g}")


def check_nothing_is_refused(make: Make) -> None:
    """No rows, or no model where one is needed: not a number but a reason."""
    estimator, rows = make(), modest_log(10, seed=10).rows
    bare = Evaluated(rows.reward, rows.propensity, rows.target)
    for unsuitable in (rows[:0], *([bare] if estimator.needs_model else [])):
        try:
            estimator.sums(unsuitable)
        except NotEvaluable:
            continue
        raise ContractBroken("evaluated rows that are not there, or have no model")


CHECKS: tuple[Callable[[Make], None], ...] = (
    check_any_partition_gives_the_same_digits,
    check_any_order_of_rows_gives_the_same_digits,
    check_what_was_logged_is_worth_its_mean,
    check_the_truth_is_found,
    check_dropped_rows_are_made_up_for,
    check_influences_are_centred,
    check_influences_are_what_rows_do,
    check_nothing_is_refused,
)


def _require(kept: bool, otherwise: str) -> None:
    if not kept:
        raise ContractBroken(otherwise)
