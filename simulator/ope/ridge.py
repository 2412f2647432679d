"""Ridge regressions whose penalty is chosen by leaving out each row in turn, one penalty for several regressions.

A. E. Hoerl, R. W. Kennard, "Ridge regression", Technometrics 12 (1970); D. M. Allen, "The relationship between variable
selection and data augmentation and a method for prediction" (PRESS), Technometrics 16 (1974).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.ope.evaluated import Array

PENALTIES: Array = np.geomspace(1e-2, 1e6, 17)
LEAST_EIGENVALUE = 1e-9
"""In parts of the largest: directions below it are rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Coefficients, and what the regression says of each of its rows when fitted without it."""

    coefficients: Array
    left_out: Array


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """One regression under every penalty, in the coordinates of its principal axes."""

    basis: Array
    scores: Array
    shrunk: Array
    left_out: Array
    press: Array

    def at(self, number: int) -> Fit:
        return Fit(self.basis @ self.shrunk[:, number], self.left_out[:, number])


def fitted(problems: Sequence[tuple[Array, Array]]) -> list[Fit]:
    """Regress each ``y`` on its rows ``x``, all with the penalty that forecasts best what was left out.

    No regression at all is among the choices: coefficients are 0 where they would not help.

    Args:
        problems: pairs of (rows, columns) and (rows,).
    """
    paths = [_path(x, y) for x, y in problems]
    press = np.sum([path.press for path in paths], axis=0)
    nothing = sum(float(y @ y) for _, y in problems)
    best = int(press.argmin())
    if not press[best] < nothing:
        return [Fit(np.zeros(x.shape[1]), np.zeros(len(y))) for x, y in problems]
    return [path.at(best) for path in paths]


def _path(x: Array, y: Array) -> _Path:
    basis, eigenvalues = _axes(x)
    scores = x @ basis
    inverse = 1.0 / (eigenvalues[:, None] + PENALTIES)
    shrunk = inverse * (scores.T @ y)[:, None]
    leverage = np.minimum((scores * scores) @ inverse, 1.0 - 1e-6)
    residual = (y[:, None] - scores @ shrunk) / (1.0 - leverage)
    return _Path(basis, scores, shrunk, y[:, None] - residual, (residual * residual).sum(axis=0))


def _axes(x: Array) -> tuple[Array, Array]:
    """Principal axes (columns, axes) and their eigenvalues, by the smaller of the two Gram matrices."""
    tall = x.shape[0] >= x.shape[1]
    eigenvalues, vectors = np.linalg.eigh(x.T @ x if tall else x @ x.T)
    kept = eigenvalues > LEAST_EIGENVALUE * max(float(eigenvalues[-1]), LEAST_EIGENVALUE)
    eigenvalues, vectors = eigenvalues[kept], vectors[:, kept]
    return (vectors if tall else x.T @ (vectors / np.sqrt(eigenvalues))), eigenvalues
