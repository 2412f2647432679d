"""Numbers by what was met before: online standardisation, row by row (B. P. Welford, Technometrics 4, 1962)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.encode.codes import LEAST_DEVIATION, MOST_DEVIATIONS

Vector = NDArray[np.float64]


class RunningScale:
    """Means and deviations of the rows so far, as a policy that has met them could know them.

    The engine's encoder looks at its means now and then, since its versions are journaled; a run has no journal.

    Args:
        width: how many numbers a row has.
    """

    def __init__(self, width: int) -> None:
        self._count = np.zeros(width)
        self._mean = np.zeros(width)
        self._squares = np.zeros(width)

    def scaled(self, row: Vector) -> Vector:
        """Distances from the means before this row, in (population) standard deviations of at most 4; counts it in.

        What is missing (NaN), and what did not vary before, is 0.
        """
        known = ~np.isnan(row)
        values = np.where(known, row, self._mean)
        distance = values - self._mean
        deviation = np.sqrt(self._squares / np.maximum(self._count, 1.0))
        varies = deviation >= LEAST_DEVIATION
        scaled = np.where(varies, distance / np.where(varies, deviation, 1.0), 0.0)
        self._count += known
        self._mean += distance / np.maximum(self._count, 1.0)
        self._squares += distance * (values - self._mean)
        return np.clip(scaled, -MOST_DEVIATIONS, MOST_DEVIATIONS)
