"""One regression an arm that keeps a variance for each weight and no covariances: for text and for pairs of features.

The Kalman filter's update with a diagonal covariance; Crammer, Kulesza and Dredze, "Adaptive regularization of weight
vectors" (AROW, 2009).
"""

from __future__ import annotations

import numpy as np

from engine.policies.learned_state import Part
from engine.policies.second_order.context import BIAS_PLACE, Context, Places
from engine.policies.second_order.posterior import Matrix, Vector

PRIOR_VARIANCE = 3.0
TEXT_NOISE = 0.1
PAIRS_NOISE = 1.0
_LEAST_VARIANCE = 1e-8
_COLUMNS = 8


class DiagonalArms:
    """Weights and variances of shape (places, arms), so that a decision gathers whole rows.

    Where two of a context's features have the same hashed place, both are read and the last one's update stays.
    """

    def __init__(self) -> None:
        self._weights: Matrix = np.zeros((BIAS_PLACE + 1, 0))
        self._variances: Matrix = np.zeros((BIAS_PLACE + 1, 0))
        self._levels: Vector = np.zeros(0)

    def means(self, context: Context, rows: Places, level: float) -> Vector:
        """The forecast reward of the arm in each row, shape (K,); see ``RidgeArms`` for ``level``."""
        learned = np.einsum("i,ik->k", context.values, self._weights[context.places])
        forecasts = np.append(learned + level * self._levels, level)
        return forecasts[rows]

    def variances(self, context: Context, rows: Places) -> Vector:
        """How uncertain each forecast is, shape (K,)."""
        squares = context.values * context.values
        learned = np.einsum("i,ik->k", squares, self._variances[context.places])
        return np.append(learned, PRIOR_VARIANCE * float(squares.sum()))[rows]

    def learn(self, context: Context, row: int, fresh: bool, reward: float) -> None:
        """One observation of the arm in a row, which is a column here."""
        if fresh:
            self._clear(row)
        places, values = context.places, context.values
        gain = self._variances[places, row] * values
        spread = (TEXT_NOISE if context.wide else PAIRS_NOISE) + float(np.einsum("i,i->", gain, values))
        error = reward - float(np.einsum("i,i->", self._weights[places, row], values))
        self._weights[places, row] += gain * (error / spread)
        narrowed = self._variances[places, row] - gain * gain / spread
        self._variances[places, row] = np.maximum(narrowed, _LEAST_VARIANCE)
        self._levels[row] *= 1.0 - float(gain[-1]) / spread

    def soften(self, kept: float) -> None:
        """See ``RidgeArms.soften``."""
        np.minimum(self._variances / kept, PRIOR_VARIANCE, out=self._variances)

    @property
    def part(self) -> Part:
        """Everything that was learned: of the places, only those where anything was."""
        touched = np.flatnonzero((self._variances != PRIOR_VARIANCE).any(axis=1))
        return Part(arrays=(touched, self._weights[touched], self._variances[touched], self._levels))

    def restore(self, part: Part) -> None:
        """Go on from what ``part`` was."""
        touched, weights, variances, levels = part.arrays
        self._weights = np.zeros((BIAS_PLACE + 1, len(levels)))
        self._variances = np.full((BIAS_PLACE + 1, len(levels)), PRIOR_VARIANCE)
        self._weights[touched.astype(np.int64)] = weights
        self._variances[touched.astype(np.int64)] = variances
        self._levels = levels.astype(np.float64)

    def _clear(self, column: int) -> None:
        if column >= len(self._levels):
            more = max(_COLUMNS, len(self._levels))
            places = len(self._weights)
            self._weights = np.concatenate([self._weights, np.zeros((places, more))], axis=1)
            self._variances = np.concatenate([self._variances, np.full((places, more), PRIOR_VARIANCE)], axis=1)
            self._levels = np.append(self._levels, np.ones(more))
        self._weights[:, column] = 0.0
        self._variances[:, column] = PRIOR_VARIANCE
        self._levels[column] = 1.0
