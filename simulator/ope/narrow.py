"""Matrices with few columns: many are hashed together, so that what is fitted stays small.

K. Weinberger et al., "Feature hashing for large scale multitask learning", ICML (2009).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.ope.evaluated import Array

if TYPE_CHECKING:
    from scipy import sparse

Matrix: TypeAlias = "sparse.csr_array | NDArray[np.float64]"


def narrowed(matrix: Matrix, width: int) -> Array:
    """Dense, with at most ``width`` columns: the matrix itself, or random signed sums of its columns."""
    columns = matrix.shape[1]
    if columns > width:
        matrix = matrix @ _signs(columns, width)
    return np.asarray(matrix if isinstance(matrix, np.ndarray) else matrix.todense(), dtype=np.float64)


def crossed(left: Array, right: Array, width: int) -> Array:
    """All products of a column of ``left`` and one of ``right``, narrowed to ``width`` columns."""
    products = left.shape[1] * right.shape[1]
    if products <= width:
        return (left[:, :, None] * right[:, None, :]).reshape(len(left), products)
    mixed = np.zeros((len(left), width))
    for number in range(right.shape[1]):
        signs = _signs(left.shape[1], width, seed=number + 1)
        mixed += np.asarray(left @ signs.todense()) * right[:, number : number + 1]
    return mixed


def _signs(columns: int, width: int, seed: int = 0) -> sparse.csr_array:
    """Each column goes to one of ``width``, with a sign; the same for the same numbers."""
    from scipy import sparse  # slow to import

    rng = np.random.default_rng([columns, width, seed])
    places, signs = rng.integers(width, size=columns), rng.choice([-1.0, 1.0], size=columns)
    return sparse.csr_array((signs, (np.arange(columns), places)), shape=(columns, width))
