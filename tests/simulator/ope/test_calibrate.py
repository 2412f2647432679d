"""Forecasts are brought into line with the target's own actions, and tuning then beats what it is made of."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.ope.calibrate import calibrated
from simulator.ope.choices import Choices
from simulator.ope.cross_fit import Forecasts
from simulator.ope.dm import DM
from simulator.ope.dr import DR
from simulator.ope.tune import tuned

N, ACTIONS = 2_000, 5


class Log:
    """A uniform log in which the target's favourite action is right 9 times in 10, and a model that has no idea."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        right, self.chosen = rng.integers(ACTIONS, size=N), rng.integers(ACTIONS, size=N)
        guess = np.where(rng.random(N) < 0.9, right, rng.integers(ACTIONS, size=N))
        pmf = 0.9 * np.eye(ACTIONS)[guess] + 0.1 / ACTIONS
        self.reward = (self.chosen == right).astype(float)
        self.truth = float(pmf[np.arange(N), right].mean())
        self.propensity, self.pmf = np.full(N, 1.0 / ACTIONS), pmf.ravel()
        choices = Choices.alike(np.zeros((N, 1)), ACTIONS, self.chosen)
        self.forecasts = Forecasts(choices, np.full(N * ACTIONS, 1.0 / ACTIONS))

    def rows(self, forecasts: Forecasts):
        return forecasts.evaluated(self.reward, self.propensity, self.pmf)


def test_an_ignorant_model_learns_what_the_target_knows() -> None:
    errors: dict[str, list[float]] = {"dm": [], "calibrated": [], "dr": [], "tuned": []}
    for seed in range(40):
        log = Log(seed)
        better = log.rows(calibrated(log.forecasts, log.reward, log.propensity, log.pmf))
        errors["dm"].append(DM().estimate(log.rows(log.forecasts)) - log.truth)
        errors["calibrated"].append(DM().estimate(better) - log.truth)
        errors["dr"].append(DR().estimate(log.rows(log.forecasts)) - log.truth)
        errors["tuned"].append(tuned("dros", better).chosen.value - log.truth)
    squared = {name: float(np.mean(np.square(each))) for name, each in errors.items()}
    assert squared["calibrated"] < 0.01 * squared["dm"]
    assert squared["tuned"] < 0.7 * squared["dr"]


def test_forecasts_stay_in_the_range_of_the_rewards() -> None:
    log = Log(1)
    values = calibrated(log.forecasts, log.reward, log.propensity, log.pmf).values
    assert 0.0 <= values.min() < values.max() <= 1.0


@pytest.mark.parametrize("scale", [0.01, 100.0])
def test_the_unit_of_the_reward_does_not_matter(scale: float) -> None:
    log = Log(2)
    plain = calibrated(log.forecasts, log.reward, log.propensity, log.pmf).values
    scaled = Forecasts(log.forecasts.choices, scale * log.forecasts.values)
    assert calibrated(scaled, scale * log.reward, log.propensity, log.pmf).values == pytest.approx(scale * plain)


def test_where_there_is_nothing_to_learn_forecasts_stay() -> None:
    log = Log(3)
    assert calibrated(log.forecasts, np.ones(N), log.propensity, log.pmf) is log.forecasts
    never = np.where(np.tile(np.arange(ACTIONS), N) == np.repeat(log.chosen, ACTIONS), 0.0, 0.25)
    assert calibrated(log.forecasts, log.reward, log.propensity, never) is log.forecasts
