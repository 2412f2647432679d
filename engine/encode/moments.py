"""Means and standard deviations of numbers, one at a time (B. P. Welford, Technometrics 4, 1962)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from engine.encode.base import Calibration

Sums = Mapping[str, tuple[int, float, float]]
"""Feature name → how many numbers, their mean, and the sum of their squared distances from it."""

LEAST = 16
"""Fewer numbers have no mean worth knowing."""
MATERIAL = 0.1
"""So many standard deviations a mean must have moved, or so much of itself a deviation, to be told again."""


class FeatureMoments:
    """Of the numbers in what was learned, by feature. The same numbers in the same order give the same digits."""

    def __init__(self, sums: Sums | None = None) -> None:
        self._sums: dict[str, tuple[int, float, float]] = dict(sums or {})

    @property
    def sums(self) -> dict[str, tuple[int, float, float]]:
        """What it takes to go on from here."""
        return dict(self._sums)

    def add(self, numbers: Iterable[tuple[str, float]]) -> None:
        """Take in what one decision knew: name and finite number of each feature."""
        sums = self._sums
        for name, number in numbers:
            count, mean, squares = sums.get(name, (0, 0.0, 0.0))
            count += 1
            distance = number - mean
            mean += distance / count
            sums[name] = (count, mean, squares + distance * (number - mean))

    def calibration(self) -> dict[str, tuple[float, float]]:
        """Mean and (population) standard deviation of each feature that was seen often enough."""
        told = ((name, sums) for name, sums in sorted(self._sums.items()) if sums[0] >= LEAST)
        return {name: (mean, math.sqrt(squares / count)) for name, (count, mean, squares) in told}


def moved(old: Calibration, new: Calibration) -> bool:
    """Whether the new one says anything that matters."""
    if old.keys() != new.keys():
        return True
    return any(_moved(old[name], new[name]) for name in new)


def _moved(old: tuple[float, float], new: tuple[float, float]) -> bool:
    (mean, deviation), (new_mean, new_deviation) = old, new
    if deviation == 0.0 or new_deviation == 0.0:
        return old != new
    return abs(new_mean - mean) > MATERIAL * deviation or abs(new_deviation / deviation - 1.0) > MATERIAL
