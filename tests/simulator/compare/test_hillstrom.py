"""A randomised e-mail test of 64,000 customers: what can be said of it and what cannot (Hillstrom, 2008)."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from simulator.compare.against import against
from simulator.compare.difference import NO_DIFFERENCE, Target, difference
from simulator.compare.needed import more_decisions
from simulator.ope.choices import Choices
from simulator.ope.cross_fit import cross_fitted, folds_by_unit
from simulator.ope.dr import DR
from simulator.ope.evaluated import Evaluated
from simulator.ope.reward_model import fit
from simulator.ope.snips import SNIPS

ARMS = ("No E-Mail", "Mens E-Mail", "Womens E-Mail")
NONE, MENS = 0, 1


class Hillstrom:
    """One half of the customers, with their visits; the other half is learned from."""

    def __init__(self, path: Path) -> None:
        with gzip.open(path, "rt") as file:
            rows = list(csv.DictReader(file))
        self.visit = np.array([float(row["visit"]) for row in rows])
        self.arm = np.array([ARMS.index(row["segment"]) for row in rows])
        numbers = [[np.log1p(float(row["history"])), float(row["recency"])] for row in rows]
        names = [
            (name, value)
            for name in ("mens", "womens", "newbie", "zip_code", "channel", "history_segment")
            for value in sorted({row[name] for row in rows})
        ]
        words = [[float(row[name] == value) for name, value in names] for row in rows]
        self.choices = Choices.alike(np.column_stack([numbers, words]), len(ARMS), self.arm)
        order = np.random.default_rng(1).permutation(len(rows))
        self.learned, self.judged = order[: len(rows) // 2], order[len(rows) // 2 :]

    def best_by_model(self) -> np.ndarray:
        """The T-learner's choice for each judged customer."""
        model = fit(self.choices.take(self.learned), self.visit[self.learned])
        return model.forecasts(self.choices.take(self.judged)).reshape(-1, len(ARMS)).argmax(axis=1)

    def targets(self) -> dict[str, Target]:
        """Always none, always mens and the T-learner, on the judged half, with cross-fitted forecasts."""
        choices, visit = self.choices.take(self.judged), self.visit[self.judged]
        forecasts = cross_fitted(choices, visit, folds_by_unit(self.judged.astype(np.uint64)))
        n = len(self.judged)
        choosing = {"none": np.full(n, NONE), "mens": np.full(n, MENS), "t_learner": self.best_by_model()}
        return {
            name: Target(name, forecasts.evaluated(visit, np.full(n, 1 / 3), np.eye(len(ARMS))[choice].ravel()))
            for name, choice in choosing.items()
        }


@pytest.fixture(scope="module")
def targets(datasets: Path) -> dict[str, Target]:
    return Hillstrom(datasets / "hillstrom" / "hillstrom.csv.gz").targets()


def test_personalising_is_not_better_than_mens_for_all(targets: dict[str, Target]) -> None:
    found = difference(targets["t_learner"], targets["mens"], DR())
    assert found.verdict == NO_DIFFERENCE
    assert more_decisions(found) > len(targets["mens"].rows)


def test_an_email_is_better_than_none(targets: dict[str, Target]) -> None:
    """The whole test says +0.0766 visits a customer."""
    none, mens = targets["none"], targets["mens"]
    for estimator in (SNIPS(), DR()):
        found, _ = against(none, [mens, targets["t_learner"]], estimator)
        assert found.verdict == "better"
        assert found.interval.low <= 0.0766 <= found.interval.high


def test_constant_policies_earn_what_their_arms_earned(targets: dict[str, Target]) -> None:
    rows: Evaluated = targets["mens"].rows
    of_arm = rows.reward[rows.target == 1.0]
    assert SNIPS().estimate(rows) == pytest.approx(of_arm.mean())
    assert DR().estimate(rows) == pytest.approx(0.182757, abs=4.0 * of_arm.std() / np.sqrt(len(of_arm)))
