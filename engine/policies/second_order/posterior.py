"""Bayesian linear regression, one observation at a time, by sums that come out the same with any number of threads.

``numpy.einsum`` adds up by itself; the ``@`` operator may leave it to a library that shares work among threads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


def assimilate(covariance: Matrix, weights: Matrix, x: Vector, targets: Sequence[float]) -> None:
    """Learn one observation with noise of variance 1, in place (Sherman and Morrison, 1950).

    Args:
        covariance: shape (d, d); stays exactly symmetric.
        weights: shape (m, d), one row a target, which share the covariance.
        x: shape (d,).
    """
    gain = np.einsum("ij,j->i", covariance, x)
    spread = 1.0 + float(np.einsum("i,i->", gain, x))
    for row, target in zip(weights, targets, strict=True):
        row += gain * ((target - float(np.einsum("i,i->", row, x))) / spread)
    scaled = gain / math.sqrt(spread)
    covariance -= scaled[:, None] * scaled[None, :]


def softened(covariances: Matrix, prior: Vector, kept: float) -> Matrix:
    """Covariances of shape (n, d, d) after forgetting: precision A becomes ``kept`` A + (1 − ``kept``) diag(prior)."""
    precision = inverted(covariances) * kept
    diagonal = np.arange(len(prior))
    precision[:, diagonal, diagonal] += (1.0 - kept) * prior
    return inverted(precision)


def inverted(matrices: Matrix) -> Matrix:
    """The inverses of positive definite matrices, shape (n, d, d), symmetric to the last bit.

    Gauss and Jordan's elimination without pivots, which such matrices do not need.
    """
    work = matrices.copy()
    for k in range(work.shape[-1]):
        pivot = 1.0 / work[:, k, k]
        column, row = work[:, :, k].copy(), work[:, k, :] * pivot[:, None]
        work -= column[:, :, None] * row[:, None, :]
        work[:, k, :] = row
        work[:, :, k] = -column * pivot[:, None]
        work[:, k, k] = pivot
    return (work + work.transpose(0, 2, 1)) * 0.5
