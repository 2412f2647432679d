"""Forecasts by models that have not seen the row they forecast. V. Chernozhukov et al., "Double/debiased machine
learning", Econometrics Journal 21 (2018)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.ope.choices import Choices
from simulator.ope.evaluated import Array, Evaluated
from simulator.ope.reward_model import fit

FOLDS = 5
BLOCKS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75)
"""Where blocks in time end, in parts of the log: short at first, when every row teaches much."""


SeenBy = Callable[[int], NDArray[np.bool_]]
"""Which rows the model of a group has seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """What each candidate of each decision would have earned, by a model that has not seen the decision.

    Attributes:
        values: flat, one a candidate of ``choices``.
    """

    choices: Choices
    values: Array

    @property
    def forecast(self) -> Array:
        """Of the chosen candidate, one a row."""
        return self.values[self.choices.place]

    def baseline(self, pmf: Array) -> Array:
        """The mean forecast under a policy's probabilities, which are flat, one a candidate."""
        return self.choices.mean_over(pmf, self.values)

    def evaluated(self, reward: Array, propensity: Array, pmf: Array, keep: Array | None = None) -> Evaluated:
        """Rows for the estimators, of a target with these flat probabilities."""
        return Evaluated(reward, propensity, pmf[self.choices.place], self.forecast, self.baseline(pmf), keep)


def cross_fitted(choices: Choices, reward: Array, folds: NDArray[np.int64]) -> Forecasts:
    """Each fold is forecast by a model of all the others. Same rows in the same order, same digits.

    Args:
        folds: number of each row's fold, see ``folds_by_unit``.
    """
    return _forecasts(choices, reward, folds, lambda fold: folds != fold)


def progressively_fitted(choices: Choices, reward: Array, blocks: NDArray[np.int64]) -> Forecasts:
    """Each block is forecast by a model of the earlier ones, as must be where the logger learned from them: what came
    later was chosen in the light of the row. Nothing is forecast (0) for the first.

    Args:
        blocks: number of each row's block, see ``blocks_in_time``.
    """
    return _forecasts(choices, reward, blocks, lambda block: blocks < block)


def folds_by_unit(units: NDArray[np.uint64], folds: int = FOLDS) -> NDArray[np.int64]:
    """Folds that keep a unit's rows together.

    Args:
        units: a hash of each row's unit (user, or decision where there is none); the order of rows does not matter.
    """
    mixed = (units * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(33)
    return (mixed % np.uint64(folds)).astype(np.int64)


def blocks_in_time(time: NDArray[np.int64]) -> NDArray[np.int64]:
    """Blocks of which each is later than those before it; rows of one instant are in one block."""
    instants, row_of = np.unique(time, return_inverse=True)
    first = np.searchsorted(np.sort(time), instants) / max(len(time), 1)
    return np.searchsorted(np.array(BLOCKS), first, side="right")[row_of].astype(np.int64)


def _forecasts(choices: Choices, reward: Array, groups: NDArray[np.int64], seen_by: SeenBy) -> Forecasts:
    values = np.zeros(len(choices.action))
    for group in np.unique(groups).tolist():
        seen, unseen = np.flatnonzero(seen_by(group)), np.flatnonzero(groups == group)
        if len(seen):
            values[choices.flat(unseen)] = fit(choices.take(seen), reward[seen]).forecasts(choices.take(unseen))
    return Forecasts(choices, values)
