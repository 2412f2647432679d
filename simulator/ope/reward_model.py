"""A reward model: what any candidate of a decision would have earned.

Two ridge regressions: one over what all actions share (context, features of actions, their products), then one an
action over what it does differently (context × action). Rewards of 0 and 1 are forecast as probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulator.ope.choices import Choices, Codes
from simulator.ope.clicks import Curve, curve
from simulator.ope.evaluated import Array
from simulator.ope.narrow import crossed, narrowed
from simulator.ope.ridge import Fit, fitted

CONTEXT_COLUMNS, PRODUCT_COLUMNS = 512, 256
MOST_ROWS = 200_000
"""More rows than this are thinned evenly: they would not change what so few coefficients can say."""
INTERCEPT = 10.0
"""A large column: the mean is hardly penalised."""
CHUNK = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class RewardModel:
    """A fitted model.

    Attributes:
        scale: what the columns of the context are divided by.
        shared: coefficients of what actions share; ``own`` those of each action, by code.
        low, high: range of the rewards it has seen; no forecast is outside.
        chance: makes probabilities of scores; ``None`` for rewards that are not all 0 or 1.
    """

    scale: Array
    shared: Array
    own: Mapping[int, Array]
    low: float
    high: float
    chance: Curve | None

    def forecasts(self, choices: Choices) -> Array:
        """What each candidate of each decision would earn, flat."""
        scores = np.empty(len(choices.action))
        for start in range(0, len(choices), CHUNK):
            rows = np.arange(start, min(start + CHUNK, len(choices)))
            scores[choices.offsets[rows[0]] : choices.offsets[rows[-1] + 1]] = self._scores(choices.take(rows))
        return np.clip(scores if self.chance is None else self.chance(scores), self.low, self.high)

    def _scores(self, choices: Choices) -> Array:
        context = _context(choices) / self.scale
        row = choices.row
        if choices.features is None:
            scores = (_shared(context, None) @ self.shared)[row]
        else:
            scores = _shared(context[row], narrowed(choices.features, CONTEXT_COLUMNS)) @ self.shared
        order = np.argsort(choices.action, kind="stable")
        codes, starts = np.unique(choices.action[order], return_index=True)
        for code, places in zip(codes.tolist(), np.split(order, starts[1:]), strict=True):
            if code in self.own:
                scores[places] += context[row[places]] @ self.own[code]
        return scores


def fit(choices: Choices, reward: Array) -> RewardModel:
    """Learn from decisions and the rewards of what was chosen. There must be at least one."""
    every = -(-len(choices) // MOST_ROWS)
    if every > 1:
        choices, reward = choices.take(np.arange(0, len(choices), every)), reward[::every]
    place = choices.place
    context = _context(choices)
    scale = _magnitudes(context)
    context /= scale
    features = None if choices.features is None else narrowed(choices.features[place], CONTEXT_COLUMNS)
    (shared,) = fitted([(_shared(context, features), reward)])
    own = _own(context, choices.action[place], reward - shared.left_out)
    left_out = shared.left_out.copy()
    for rows, each in own.values():
        left_out[rows] += each.left_out
    coefficients = {code: each.coefficients for code, (_, each) in own.items() if each.coefficients.any()}
    low, high = float(reward.min()), float(reward.max())
    return RewardModel(scale, shared.coefficients, coefficients, low, high, _chance(left_out, reward))


def _own(context: Array, action: Codes, residual: Array) -> dict[int, tuple[Codes, Fit]]:
    """For each action its rows, and the regression of what is left on them."""
    order = np.argsort(action, kind="stable")
    codes, starts = np.unique(action[order], return_index=True)
    groups = np.split(order, starts[1:])
    fits = fitted([(context[rows], residual[rows]) for rows in groups])
    return {int(code): (rows, each) for code, rows, each in zip(codes, groups, fits, strict=True)}


def _chance(scores: Array, reward: Array) -> Curve | None:
    """A curve if rewards are clicks, some of them made, and it forecasts better than the scores themselves."""
    clicks = bool(np.isin(reward, (0.0, 1.0)).all()) and 0.0 < float(reward.mean()) < 1.0
    if not clicks:
        return None
    chance = curve(scores, reward)
    plain = float(((np.clip(scores, 0.0, 1.0) - reward) ** 2).sum())
    return chance if float(((chance(scores) - reward) ** 2).sum()) < plain else None


def _context(choices: Choices) -> Array:
    """The context's columns and the intercept."""
    columns = narrowed(choices.context, CONTEXT_COLUMNS)
    return np.column_stack([np.full(len(columns), INTERCEPT), columns])


def _magnitudes(columns: Array) -> Array:
    """Root mean square of each column but the intercept; 1 where it is 0. One penalty then suits all."""
    magnitudes = np.sqrt((columns * columns).mean(axis=0))
    magnitudes[0] = 1.0
    return np.where(magnitudes > 0.0, magnitudes, 1.0)


def _shared(context: Array, features: Array | None) -> Array:
    if features is None:
        return context
    return np.column_stack([context, features, crossed(context[:, 1:], features, PRODUCT_COLUMNS)])
