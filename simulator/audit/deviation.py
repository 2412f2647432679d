"""How far something is from what it should be, and how likely it is to be as far by chance."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from engine.stats.sums import Moments

TELLING = 30
"""Rows below which nothing is tested."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """A test of one mean or count.

    Attributes:
        found, expected: what it is, and what it should be.
        z: their difference in standard errors; NaN where too little is known to test it.
        p_value: of both sides, 1 where nothing was tested; adjusted once ``by_holm`` has gone over it.
    """

    name: str
    found: float
    expected: float
    z: float
    p_value: float
    n: int

    @classmethod
    def of_mean(cls, name: str, found: float, expected: float, moments: Moments) -> Deviation:
        """Of a mean, with moments of what should be 0 on average."""
        if moments.n < TELLING or not moments.m2:
            return cls(name, found, expected, math.nan, 1.0, moments.n)
        z = moments.mean / moments.standard_error
        return cls(name, found, expected, z, two_sided(z), moments.n)

    @classmethod
    def of_count(cls, name: str, found: float, expected: float, variance: float, n: int) -> Deviation:
        """Of a count, with the variance that it has where the expectation is true."""
        if variance < TELLING / 3.0:
            return cls(name, found, expected, math.nan, 1.0, n)
        z = (found - expected) / math.sqrt(variance)
        return cls(name, found, expected, z, two_sided(z), n)

    @property
    def relative(self) -> float:
        """The difference in parts of what was expected."""
        return abs(self.found / self.expected - 1.0) if self.expected else math.inf


def two_sided(z: float) -> float:
    """Probability of a standard normal number at least as far from 0."""
    return math.erfc(abs(z) / math.sqrt(2.0))


def by_holm(found: Iterable[Deviation]) -> list[Deviation]:
    """The same with p-values that take into account how many they are."""
    from simulator.compare.holm import adjusted_p_values

    deviations = list(found)
    adjusted = adjusted_p_values(np.array([each.p_value for each in deviations], np.float64))
    return [replace(each, p_value=p) for each, p in zip(deviations, adjusted.tolist(), strict=True)]
