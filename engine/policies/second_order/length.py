"""The usual length of a vector, so that one prior fits contexts of three features and of three hundred."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

LEAST = 1e-6
REMEMBERED = 30
"""When an encoder learns how numbers are scaled, vectors suddenly have another length."""


class MeanLength:
    """Root of the mean of the squared length, of the newest ``REMEMBERED`` vectors mostly."""

    def __init__(self) -> None:
        self._count = 0.0
        self._mean = 0.0

    def observe(self, squared: float) -> None:
        """Count one vector in."""
        self._count = min(self._count + 1.0, REMEMBERED)
        self._mean += (squared - self._mean) / self._count

    def of(self, squared: float) -> float:
        """What to divide a vector of this squared length by; before any was counted, its own length."""
        usual = self._mean if self._count else squared
        return math.sqrt(max(usual, LEAST))

    @property
    def numbers(self) -> NDArray[np.float64]:
        """Everything that was learned."""
        return np.array([self._count, self._mean])

    def restore(self, numbers: NDArray[np.float64]) -> None:
        """Go on from ``numbers``."""
        self._count, self._mean = map(float, numbers)
