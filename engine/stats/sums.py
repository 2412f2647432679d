"""Mergeable sums: the moments of numbers that arrive in any order, in any partition.

B. P. Welford, "Note on a method for calculating corrected sums of squares and products", Technometrics 4 (1962);
T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances"
(1979).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean and sum of squared deviations of finite numbers.

    ``merge`` is associative and commutative to rounding (relative 1e-12), with ``Moments()`` as its neutral element.
    """

    n: int = 0
    mean: float = 0.0
    m2: float = 0.0

    @classmethod
    def from_array(cls, values: ArrayLike) -> Moments:
        """Moments of all entries of an array. Raises ``ValueError`` if one is not finite."""
        array = np.asarray(values, dtype=np.float64).ravel()
        if array.size == 0:
            return cls()
        if not np.isfinite(array).all():
            raise ValueError("moments of a value that is not finite")
        mean = float(array.mean())
        deviations = array - mean
        return cls(int(array.size), mean, float(deviations @ deviations))

    def add(self, value: float) -> Moments:
        """With one more number. Raises ``ValueError`` if it is not finite."""
        if not math.isfinite(value):
            raise ValueError("moments of a value that is not finite")
        n = self.n + 1
        delta = value - self.mean
        mean = self.mean + delta / n
        return Moments(n, mean, self.m2 + delta * (value - mean))

    def merge(self, other: Moments) -> Moments:
        """Moments of both sets of numbers together."""
        if self.n == 0 or other.n == 0:
            return other if self.n == 0 else self
        n = self.n + other.n
        delta = other.mean - self.mean
        mean = self.mean + delta * (other.n / n)
        return Moments(n, mean, self.m2 + other.m2 + delta * delta * (self.n * other.n / n))

    @property
    def variance(self) -> float:
        """Unbiased sample variance; NaN below two numbers."""
        return self.m2 / (self.n - 1) if self.n > 1 else math.nan

    @property
    def standard_error(self) -> float:
        """Standard error of the mean; NaN below two numbers."""
        return math.sqrt(self.variance / self.n) if self.n > 1 else math.nan


def merged(parts: Iterable[Moments]) -> Moments:
    """Moments of all parts together."""
    return reduce(Moments.merge, parts, Moments())
