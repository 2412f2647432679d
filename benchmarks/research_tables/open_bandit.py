"""What the shop's Thompson sampler would have earned, from a log of uniform choices: obp's first example."""

from __future__ import annotations

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression

from benchmarks.research_tables.amounts import Amounts
from benchmarks.research_tables.impressions import Impressions, described_items, impressions
from benchmarks.research_tables.regression import Chosen, forecasts
from benchmarks.research_tables.shop_model import ShopModel
from benchmarks.research_tables.table import Row, Table, last_digit
from benchmarks.research_tables.zozotown import shares
from engine.stats.weighted import Range
from simulator.ope import registry
from simulator.ope.estimate import Asked, estimate
from simulator.ope.evaluated import Array, Evaluated
from simulator.ope.ips import IPS

LOGGED, TARGET, CAMPAIGN = "random", "bts", "all"
VALUES = {"ips": 0.004553, "dm": 0.003545, "dr": 0.004727}
ERRORS = {"ips": 0.084019, "dm": 0.156041, "dr": 0.125548}
TO_LOGGED, EARNED = 1.198126, 0.0042
INTERVAL = "[0.001531, 0.009254] (bootstrap)"
DIGITS = 6
STOPPED_EARLY = 5e-5
"""How far obp's relative errors are from what they are when its logistic regression is solved to the end: 2.3e-5 with
scikit-learn 1.2.2, as much again between its versions."""


def made(amounts: Amounts) -> Table:
    """Values and relative errors on the same forecasts, and with our own reward model."""
    shown = impressions(LOGGED, CAMPAIGN)
    truth = float(impressions(TARGET, CAMPAIGN).click.mean())
    target = shares(amounts.draws)
    theirs = on_source_model(shown, target, logistic(penalised_by=1.0))
    own = ShopModel.of(LOGGED, CAMPAIGN).evaluated(shown, target, np.arange(len(shown)))
    asked = Asked(theirs, IPS(), Range(0.0, 1.0))
    return Table(
        "open_bandit",
        "Open Bandit Pipeline, examples/quickstart/obd.ipynb: random → bts, campaign all, 10,000 impressions",
        "half a unit of the source's last digit; with a model also what its solver leaves, 5e-5 of a relative error",
        (
            Row("clicks of the logger that is evaluated", EARNED, truth, last_digit(4)),
            *_of("its forecasts", theirs, truth),
            Row("ips by what was logged", TO_LOGGED, asked.value / float(shown.click.mean()), last_digit(DIGITS)),
            *_of("our forecasts", own, truth),
            Row("ips, 95 % by the bootstrap", INTERVAL, _interval(asked, "bootstrap"), other=True),
            Row("ips, 95 % by empirical likelihood", "", _interval(asked, "empirical_likelihood"), other=True),
        ),
        (
            "Its forecasts: scikit-learn's logistic regression on obp's columns, by position, three folds, as in the "
            "notebook. Ours: the reward model that `evaluate` uses, five folds, with what each item does differently.",
            "The source's interval is of percentiles, which 38 clicks of unequal weight do not bear; ours is refused "
            "for that, and `evaluate --rewards 0 1` gives the empirical likelihood's.",
            "The sampler's probabilities are simulated from its priors, as in the notebook. They cannot be taken from "
            "the log of the sampler itself: there they change by up to 3,500 × for one item and position: it learned.",
        ),
    )


def on_source_model(shown: Impressions, target: Array, model: ClassifierMixin) -> Evaluated:
    """Rows for the estimators with forecasts as the source makes them.

    Args:
        target: (items, positions), the evaluated policy's shares.
    """
    chosen = Chosen(shown.user, described_items(LOGGED, CAMPAIGN), shown.item, shown.click, shown.position)
    return chosen.evaluated(shown.propensity, target.T[shown.position], forecasts(chosen, model))


def logistic(penalised_by: float) -> LogisticRegression:
    """The source's model, solved to the end.

    Args:
        penalised_by: one over scikit-learn's ``C``.
    """
    return LogisticRegression(C=1.0 / penalised_by, solver="newton-cholesky", tol=1e-10, max_iter=1_000)


def _interval(asked: Asked, kind: str) -> str:
    found = estimate(asked, kind)
    if found.interval is None:
        return f"refused: {found.reason}"
    return f"[{found.interval.low:.6f}, {found.interval.high:.6f}]"


def _of(whose: str, rows: Evaluated, truth: float) -> list[Row]:
    found = []
    for name in VALUES:
        other = whose == "our forecasts" and registry.estimators()[name].needs_model
        value = registry.build(name).estimate(rows)
        left = STOPPED_EARLY if registry.estimators()[name].needs_model else 0.0
        of_value, of_error = (None if other else last_digit(DIGITS) + left * unit for unit in (EARNED, 1.0))
        found.append(Row(f"{name}, {whose}", VALUES[name], value, of_value, other))
        error = abs(value - truth) / truth
        found.append(Row(f"{name}, {whose}: relative error", ERRORS[name], error, of_error, other))
    return found
