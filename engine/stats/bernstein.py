"""The empirical Bernstein bound: true for any n, whatever the distribution, where the range is known.

A. Maurer, M. Pontil, "Empirical Bernstein bounds and sample variance penalization", COLT (2009), theorem 4.
"""

from __future__ import annotations

import math

from engine.stats.interval import CONFIDENCE, Interval, require_confidence, require_units
from engine.stats.sums import Moments
from engine.stats.weighted import Range

KIND = "bernstein"


def bernstein(moments: Moments, declared: Range, seen: Range, *, confidence: float = CONFIDENCE) -> Interval:
    """The interval of a mean of independent numbers that are never outside ``declared``.

    Args:
        seen: the least and the greatest of the numbers.

    Raises:
        NotEvaluable: fewer than two numbers, or one outside the declared range.
    """
    require_confidence(confidence)
    require_units(moments.n, 2, "rows")
    declared.require("value", *seen)
    log_term = math.log(4.0 / (1.0 - confidence))
    spread = math.sqrt(2.0 * moments.variance * log_term / moments.n)
    margin = spread + 7.0 * (declared.high - declared.low) * log_term / (3.0 * (moments.n - 1))
    found = Interval(moments.mean - margin, moments.mean + margin, confidence, KIND, moments.n)
    return found.within(*declared)
