"""Notices that rewards fell below their forecasts: what was learned is no longer so."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

WINDOW = 60
LEAST_BEFORE = 100
_LEAST_VARIANCE = 0.01


class DriftAlarm:
    """Compares the mean error of the newest ``WINDOW`` forecasts with that of all before them, since the last alarm.

    Args:
        deviations: how many standard errors the newest must lie below; ``None`` never fires.

    Attributes:
        fired: how often it did.
    """

    def __init__(self, deviations: float | None) -> None:
        self._deviations = deviations
        self.fired = 0
        self._newest: deque[float] = deque()
        self._count, self._mean, self._squares = 0, 0.0, 0.0

    def observe(self, error: float) -> bool:
        """Take the next error, reward less forecast. True if that is enough to fire; it starts anew then."""
        self._newest.append(error)
        if len(self._newest) > WINDOW:
            self._count_in(self._newest.popleft())
        if self._deviations is None or self._count < LEAST_BEFORE:
            return False
        fell = self._mean - math.fsum(self._newest) / WINDOW
        if fell <= self._deviations * math.sqrt((self._squares / self._count + _LEAST_VARIANCE) / WINDOW):
            return False
        self.fired += 1
        self._forget()
        return True

    @property
    def numbers(self) -> NDArray[np.float64]:
        """Everything it knows."""
        return np.array([self.fired, self._count, self._mean, self._squares, *self._newest])

    def restore(self, numbers: NDArray[np.float64]) -> None:
        """Go on from ``numbers``."""
        fired, count, self._mean, self._squares, *newest = map(float, numbers)
        self.fired, self._count, self._newest = int(fired), int(count), deque(newest)

    def _forget(self) -> None:
        self._newest.clear()
        self._count, self._mean, self._squares = 0, 0.0, 0.0

    def _count_in(self, error: float) -> None:
        """Welford's sums."""
        self._count += 1
        apart = error - self._mean
        self._mean += apart / self._count
        self._squares += apart * (error - self._mean)
