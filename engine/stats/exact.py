"""Sums without rounding, so that neither the order of the numbers nor their partition changes a digit.

Numbers are cut at fixed places into parts short enough that a block of them adds up in a double without rounding, as in
J. Demmel, H. D. Nguyen, "Parallel reproducible summation", IEEE Transactions on Computers 64 (2015); what the blocks
give is added as integers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BLOCK = 1 << 14
PART_BITS = 38
"""Bits of a part: with the 14 of a block they stay below the 53 that a double holds."""

SMALLEST = 1074
"""Every double is an integer times 2 to the minus this."""

PLAIN = range(-900, 960)
"""Exponents of two for which the cuts are ordinary doubles themselves."""


@dataclass(frozen=True, slots=True)
class ExactSums:
    """Sums of some columns of finite numbers, exact: ``merge`` is associative and commutative to the last digit."""

    units: tuple[int, ...]

    @classmethod
    def of(cls, *columns: Array) -> ExactSums:
        """The sum of each column; they may differ in length. Raises ``ValueError`` if a number is not finite."""
        return cls(tuple(_summed(column) for column in columns))

    def merge(self, other: ExactSums) -> ExactSums:
        """Sums of both sets of numbers together."""
        return ExactSums(tuple(ours + theirs for ours, theirs in zip(self.units, other.units, strict=True)))

    @property
    def values(self) -> tuple[float, ...]:
        """The sums, correctly rounded."""
        return tuple(each / (1 << SMALLEST) for each in self.units)


def _summed(column: Array) -> int:
    return sum(_block(column[start : start + BLOCK]) for start in range(0, len(column), BLOCK))


def _block(numbers: Array) -> int:
    largest = max(float(numbers.max()), -float(numbers.min()))
    if largest == 0.0:
        return 0
    if not math.isfinite(largest):
        raise ValueError("sum of a number that is not finite")
    exponent = math.frexp(largest)[1]
    return _cut(numbers, exponent) if exponent in PLAIN else sum(map(_units, numbers.tolist()))


def _cut(numbers: Array, exponent: int) -> int:
    """Part by part, from the highest bits down, until nothing is left."""
    total, rest = 0, numbers
    while exponent in PLAIN:
        exponent -= PART_BITS
        cut = math.ldexp(1.5, exponent + 52)
        part = rest + cut
        part -= cut
        total += _units(float(part.sum()))
        rest = rest - part
        if not rest.any():
            return total
    return total + sum(map(_units, rest.tolist()))


def _units(number: float) -> int:
    numerator, denominator = number.as_integer_ratio()
    return numerator * ((1 << SMALLEST) // denominator)
