"""A randomised e-mail test: what each arm earned, and whether choosing by customer would have earned more.

K. Hillstrom, "The MineThatData e-mail analytics and data mining challenge" (2008).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.research_tables.amounts import Amounts
from benchmarks.research_tables.table import Row, Table, last_digit
from simulator.compare.difference import NO_DIFFERENCE, Target, difference
from simulator.ope import registry
from simulator.ope.base import standard_error
from simulator.ope.choices import Choices
from simulator.ope.cross_fit import Forecasts, cross_fitted, folds_by_unit
from simulator.ope.evaluated import Array, Evaluated

ARMS = ("No E-Mail", "Mens E-Mail", "Womens E-Mail")
MENS = 1
TRUTH: Mapping[str, tuple[float, float, float]] = {
    "visit": (0.106167, 0.182757, 0.151400),
    "conversion": (0.005726, 0.012531, 0.008837),
    "spend": (0.652789, 1.422617, 1.077202),
}
"""By arm, over all customers."""
ALWAYS_MENS = {"ips": 0.18544, "snips": 0.18629, "dr": 0.18562}
T_LEARNER, SHARE_OF_MENS = 0.18506, 0.64
CATEGORIES = ("mens", "womens", "newbie", "zip_code", "channel", "history_segment")
TWO_SIDED_95 = 1.96
SEED = 1

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Customers:
    """One entry a customer; ``earned`` by the name of the outcome."""

    context: Array
    arm: Rows
    earned: Mapping[str, Array]


def made(amounts: Amounts) -> Table:
    """Arms over all customers; policies on one half, by what the other half taught."""
    customers = _customers(amounts.customers)
    order = np.random.default_rng(SEED).permutation(len(customers.arm))
    learned, judged = np.split(order, [len(order) // 2])
    by_customer = _best_arm(customers, learned, judged)
    mens = _target("always mens", customers, judged, np.full(len(judged), MENS))
    best = _target("t-learner", customers, judged, by_customer)
    found = difference(best, mens, registry.build("dr"))
    interval = f"{found.interval.mean:+.5f} [{found.interval.low:.5f}, {found.interval.high:.5f}]"
    share = float((by_customer == MENS).mean())
    return Table(
        "hillstrom",
        "MineThatData e-mail challenge, 64,000 customers; policies: measured with scikit-learn on another half",
        "arms: half a unit of the last digit; policies: 1.96 of our standard errors, as two random halves differ",
        (
            *_arms(customers),
            *(_value(name, value, mens) for name, value in ALWAYS_MENS.items()),
            _value("ips", T_LEARNER, best),
            Row("t-learner: share of mens", SHARE_OF_MENS, share, other=True, digits=2),
            Row("t-learner less always mens, dr, paired", "", interval, other=True),
            Row("t-learner against always mens, visits", NO_DIFFERENCE, found.verdict),
        ),
        (
            "T-learner: a logistic regression an arm, on the context; each customer gets the arm with the greatest "
            "forecast. Its share of mens depends on how the context was made into columns.",
        ),
    )


def _customers(most: int) -> Customers:
    path = Path(os.environ["MAITRED_DATASETS"]) / "hillstrom" / "hillstrom.csv.gz"
    table = pa.csv.read_csv(path).slice(0, most)
    words = {name: np.array(table[name].to_pylist()) for name in (*CATEGORIES, "segment")}
    indicators = [words[name] == value for name in CATEGORIES for value in np.unique(words[name])[1:]]
    numbers = [np.log1p(np.asarray(table["history"])), np.asarray(table["recency"])]
    arm = np.array([ARMS.index(name) for name in words["segment"].tolist()])
    earned = {name: np.asarray(table[name], dtype=np.float64) for name in TRUTH}
    return Customers(np.column_stack([*numbers, *indicators]).astype(np.float64), arm, earned)


def _arms(customers: Customers) -> list[Row]:
    return [
        Row(f"{name}: {arm}", source[number], float(earned[customers.arm == number].mean()), last_digit(6))
        for name, source in TRUTH.items()
        for earned in (customers.earned[name],)
        for number, arm in enumerate(ARMS)
    ]


def _best_arm(customers: Customers, learned: Rows, judged: Rows) -> Rows:
    visit = customers.earned["visit"]
    forecasts = [
        LogisticRegression(max_iter=1_000)
        .fit(customers.context[rows], visit[rows])
        .predict_proba(customers.context[judged])[:, 1]
        for number in range(len(ARMS))
        for rows in (learned[customers.arm[learned] == number],)
    ]
    return np.column_stack(forecasts).argmax(axis=1)


def _target(name: str, customers: Customers, judged: Rows, choice: Rows) -> Target:
    visit = customers.earned["visit"][judged]
    forecasts = _forecasts(customers, judged, visit)
    propensity = np.full(len(judged), 1.0 / len(ARMS))
    return Target(name, forecasts.evaluated(visit, propensity, np.eye(len(ARMS))[choice].ravel()))


def _forecasts(customers: Customers, judged: Rows, visit: Array) -> Forecasts:
    choices = Choices.alike(customers.context[judged], len(ARMS), customers.arm[judged])
    return cross_fitted(choices, visit, folds_by_unit(judged.astype(np.uint64)))


def _value(estimator: str, source: float, target: Target) -> Row:
    rows: Evaluated = target.rows
    found = registry.build(estimator)
    sums = found.sums(rows)
    error = standard_error(found.influence(rows, sums))
    return Row(f"visit: {target.name}, {estimator}", source, found.point(sums), TWO_SIDED_95 * error, digits=5)
