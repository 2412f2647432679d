"""One Bayesian ridge regression an arm, on the context's slots."""

from __future__ import annotations

import numpy as np

from engine.policies.learned_state import Part
from engine.policies.second_order.context import Context, Places
from engine.policies.second_order.posterior import Matrix, Vector, assimilate, softened
from engine.policies.second_order.rows import UNKNOWN

_LEAST_VARIANCE = 1e-12
_LEAST_ROWS = 8


class RidgeArms:
    """The posterior of each arm's weights under a prior of precision ``prior`` and noise of variance 1.

    The prior's mean is not 0 but ``level`` on the bias, and may change at every call: the posterior's mean is linear in
    it, so a second row of weights tells what became of a level of 1. It is why an arm that nobody tried yet starts
    near what others earn, not at nothing.
    """

    def __init__(self, prior: float) -> None:
        self._prior = prior
        self._used = 0
        self._covariance: Matrix = np.zeros((0, 1, 1))
        self._weights: Matrix = np.zeros((0, 2, 1))

    def means(self, context: Context, rows: Places, level: float) -> Vector:
        """The forecast reward of the arm in each row, shape (K,); see ``ArmRows.find``."""
        places, asked = self._asked(rows)
        parts = np.einsum("kmj,j->km", self._weights[asked], self._fitting(context))
        return np.append(parts[:, 0] + level * parts[:, 1], level)[places]

    def variances(self, context: Context, rows: Places) -> Vector:
        """How uncertain each forecast is, shape (K,). Names that nobody learned yet are as uncertain as the prior."""
        places, asked = self._asked(rows)
        known = self._fitting(context)
        unlearned = context.strange + _squared(context.dense[len(known) :])
        spreads = np.append(_spreads(self._covariance[asked], known), _squared(known) / self._prior)
        return np.maximum(spreads[places] + unlearned / self._prior, _LEAST_VARIANCE)

    def learn(self, context: Context, row: int, fresh: bool, reward: float) -> None:
        """One observation of the arm in a row; see ``ArmRows.claim``."""
        self._widen(len(context.dense))
        if fresh:
            self._clear(row)
        assimilate(self._covariance[row], self._weights[row], context.dense, (reward, 0.0))

    def soften(self, kept: float) -> None:
        """Become as uncertain as if only this share of everything had been seen; forecasts stay."""
        used, width = self._used, self._covariance.shape[-1]
        self._covariance[:used] = softened(self._covariance[:used], np.full(width, self._prior), kept)

    @property
    def part(self) -> Part:
        """Everything that was learned."""
        return Part(arrays=(self._covariance[: self._used], self._weights[: self._used]))

    def restore(self, part: Part) -> None:
        """Go on from what ``part`` was."""
        self._covariance, self._weights = (array.astype(np.float64) for array in part.arrays)
        self._used = len(self._weights)

    def _asked(self, rows: Places) -> tuple[Places, Places | slice]:
        """For each row its place among those that are looked at, or the place behind them; and those.

        All are, without being copied, unless most of them would be in vain.
        """
        if 2 * len(rows) >= self._used:
            return rows, slice(self._used)
        known = rows != UNKNOWN
        return np.where(known, np.cumsum(known) - 1, UNKNOWN), rows[known]

    def _fitting(self, context: Context) -> Vector:
        """The context as wide as the weights: what a decision knows more than all that was learned, counts nothing."""
        return context.dense[: self._weights.shape[-1]]

    def _clear(self, row: int) -> None:
        count, _, width = self._covariance.shape
        self._used = max(self._used, row + 1)
        if row >= count:
            more = max(_LEAST_ROWS, count)
            self._covariance = np.concatenate([self._covariance, np.zeros((more, width, width))])
            self._weights = np.concatenate([self._weights, np.zeros((more, 2, width))])
        self._covariance[row] = np.eye(width) / self._prior
        self._weights[row] = 0.0
        self._weights[row, 1, 0] = 1.0

    def _widen(self, width: int) -> None:
        """More slots: uncertain as before anything was learned, and independent of the others."""
        count, _, old = self._covariance.shape
        if width == old:
            return
        covariance = np.zeros((count, width, width))
        covariance[:] = np.eye(width) / self._prior
        covariance[:, :old, :old] = self._covariance
        weights = np.zeros((count, 2, width))
        weights[:, :, :old] = self._weights
        self._covariance, self._weights = covariance, weights


def _spreads(covariances: Matrix, x: Vector) -> Vector:
    """x'Px of each; where x is mostly zeros, only of the rest."""
    used = np.flatnonzero(x)
    if 2 * len(used) <= len(x):
        covariances, x = covariances[:, used[:, None], used], x[used]
    spreads: Vector = np.einsum("ki,i->k", np.einsum("kij,j->ki", covariances, x), x)
    return spreads


def _squared(x: Vector) -> float:
    return float(np.einsum("i,i->", x, x))
