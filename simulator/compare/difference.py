"""What one policy would have earned more than another, on the same decisions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import NotEvaluable
from engine.stats.mean import Mean, mean
from engine.stats.sums import Moments
from simulator.ope.base import Estimator
from simulator.ope.evaluated import Array, Evaluated

NO_DIFFERENCE = "no significant difference"
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Difference:
    """A policy against a reference, in reward units a decision.

    Attributes:
        value, reference_value: what each would have earned.
        interval: of the difference, over independent units.
        deviation: standard deviation of what a unit says of the difference.
        p_value: two-sided, of no difference; after ``holm`` it is adjusted for all that were compared.
        decisions: rows; ``interval.n`` counts the units they belong to.
    """

    policy: str
    reference: str
    value: float
    reference_value: float
    interval: Mean
    deviation: float
    p_value: float
    decisions: int

    @property
    def significant(self) -> bool:
        """Whether the difference is larger than chance would make it, at the interval's confidence."""
        return self.p_value < 1.0 - self.interval.confidence

    @property
    def verdict(self) -> str:
        """``better``, ``worse`` or ``no significant difference``."""
        if not self.significant:
            return NO_DIFFERENCE
        return "better" if self.interval.mean > 0.0 else "worse"

    def __str__(self) -> str:
        interval = self.interval
        found = f"{interval.mean:+.4f} [{interval.low:.4f}, {interval.high:.4f}], p={self.p_value:.2g}"
        return f"{self.policy} against {self.reference}: {found}: {self.verdict}"


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A policy by name, and what is known of it on the rows of the log."""

    name: str
    rows: Evaluated

    def among(self, mask: NDArray[np.bool_]) -> Target:
        """On some of the rows."""
        return Target(self.name, self.rows[mask])


def difference(
    policy: Target,
    reference: Target,
    estimator: Estimator,
    *,
    units: NDArray[np.int64] | None = None,
    confidence: float = CONFIDENCE,
) -> Difference:
    """How much more ``policy`` earns than ``reference``. What both do alike cancels out, row by row.

    Args:
        units: to whom each row belongs (codes of users); rows of one unit are not independent. Each row by itself if
            not given.

    Raises:
        NotEvaluable: the targets are not on the same rows, there are too few units, or the estimator cannot say.
    """
    _require_same_rows(policy.rows, reference.rows)
    value, influence = _judged(policy.rows, estimator)
    reference_value, of_reference = _judged(reference.rows, estimator)
    says = _by_unit(influence - of_reference, units) + (value - reference_value)
    moments = Moments.from_array(says)
    interval, p_value = _interval(moments, confidence)
    deviation = float(np.sqrt(moments.variance))
    return Difference(
        policy.name, reference.name, value, reference_value, interval, deviation, p_value, len(policy.rows)
    )


def _judged(rows: Evaluated, estimator: Estimator) -> tuple[float, Array]:
    sums = estimator.sums(rows)
    return estimator.point(sums), estimator.influence(rows, sums)


def _by_unit(influence: Array, units: NDArray[np.int64] | None) -> Array:
    """What each unit moves the difference by; their mean is what the rows' mean is."""
    if units is None:
        return influence
    if len(units) != len(influence):
        raise NotEvaluable(f"{len(units)} units for {len(influence)} rows")
    codes, place = np.unique(units, return_inverse=True)
    sums = np.bincount(place, weights=influence).astype(np.float64)
    return sums * (len(codes) / len(influence))


def _interval(moments: Moments, confidence: float) -> tuple[Mean, float]:
    """Student's interval and p-value; policies that choose alike everywhere differ by 0, with certainty."""
    from scipy.special import stdtr  # slow to import

    if moments.n > 1 and moments.m2 == 0.0 and moments.mean == 0.0:
        return Mean(0.0, 0.0, 0.0, confidence, moments.n), 1.0
    interval = mean(moments, confidence=confidence)
    return interval, float(2.0 * stdtr(moments.n - 1, -abs(moments.mean / moments.standard_error)))


def _require_same_rows(ours: Evaluated, theirs: Evaluated) -> None:
    if len(ours) != len(theirs):
        raise NotEvaluable(f"one policy has {len(ours)} rows, the other {len(theirs)}")
    for name in ("reward", "propensity"):
        if not np.array_equal(getattr(ours, name), getattr(theirs, name)):
            raise NotEvaluable(f"the policies were not evaluated on the same rows: their {name} differs")
