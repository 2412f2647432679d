"""A mean and how sure it is. Student, "The probable error of a mean", Biometrika 6 (1908)."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import NotEvaluable
from engine.stats.lift import MIN_UNITS
from engine.stats.sums import Moments


@dataclass(frozen=True, slots=True)
class Mean:
    """Mean over ``n`` independent units, with its interval at ``confidence``."""

    mean: float
    low: float
    high: float
    confidence: float
    n: int

    def __str__(self) -> str:
        percent = f"{self.confidence:.0%}".replace("%", " %")
        return f"{self.mean:.4f} [{self.low:.4f}, {self.high:.4f}] ({percent}, n={self.n:,})"


def mean(moments: Moments, *, confidence: float = 0.95, min_units: int = MIN_UNITS) -> Mean:
    """The mean of independent units.

    Raises:
        NotEvaluable: fewer than ``min_units`` units, or none differs from another.
    """
    from scipy.special import stdtrit  # slow to import

    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")
    needed = max(min_units, 2)
    if moments.n < needed:
        raise NotEvaluable(f"there are {moments.n} units, a mean needs {needed}")
    if moments.m2 == 0.0:
        raise NotEvaluable("no unit differs from another: an interval would have no width")
    margin = float(stdtrit(moments.n - 1, 0.5 + confidence / 2.0)) * moments.standard_error
    return Mean(moments.mean, moments.mean - margin, moments.mean + margin, confidence, moments.n)
