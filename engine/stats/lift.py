"""How much more one group of users earns than another, and how sure that is.

The groups are independent and every unit counts once (its own mean), so decisions of one user need not be.
B. L. Welch, "The generalization of 'Student's' problem when several different population variances are involved",
Biometrika 34 (1947).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.errors import NotEvaluable
from engine.stats.sums import Moments

MIN_UNITS = 30
"""Below this many units in a group the mean of skewed rewards is not near enough to normal."""


@dataclass(frozen=True, slots=True)
class Lift:
    """Difference of two means with its interval, in reward units.

    Attributes:
        difference: mean of the treated group less mean of the reference group.
        low, high: Welch interval of the difference at ``confidence``.
        relative: ``difference`` in parts of the reference mean; ``None`` where that mean is not positive.
    """

    difference: float
    low: float
    high: float
    confidence: float
    relative: float | None
    treated: Moments
    reference: Moments

    def __str__(self) -> str:
        percent = f"{self.confidence:.0%}".replace("%", " %")
        counts = f"n={self.treated.n} vs {self.reference.n}"
        return f"lift {self.difference:+.3f} [{self.low:.3f}, {self.high:.3f}] ({percent}, by user, {counts})"


def lift(treated: Moments, reference: Moments, *, confidence: float = 0.95, min_units: int = MIN_UNITS) -> Lift:
    """Lift of ``treated`` over ``reference``, both moments over units.

    Raises:
        NotEvaluable: fewer than ``min_units`` units in a group, or no variation in either.
    """
    from scipy.special import stdtrit  # slow to import

    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")
    _require_units(treated, reference, max(min_units, 2))
    error = math.hypot(treated.standard_error, reference.standard_error)
    if error == 0.0:
        raise NotEvaluable("no unit differs from another: an interval would have no width")
    difference = treated.mean - reference.mean
    margin = float(stdtrit(degrees_of_freedom(treated, reference), 0.5 + confidence / 2.0)) * error
    return Lift(
        difference=difference,
        low=difference - margin,
        high=difference + margin,
        confidence=confidence,
        relative=difference / reference.mean if reference.mean > 0.0 else None,
        treated=treated,
        reference=reference,
    )


def degrees_of_freedom(a: Moments, b: Moments) -> float:
    """Welch–Satterthwaite degrees of freedom of the difference of two means."""
    part_a, part_b = a.variance / a.n, b.variance / b.n
    return (part_a + part_b) ** 2 / (part_a**2 / (a.n - 1) + part_b**2 / (b.n - 1))


def _require_units(treated: Moments, reference: Moments, needed: int) -> None:
    for name, group in (("treated", treated), ("reference", reference)):
        if group.n < needed:
            raise NotEvaluable(f"the {name} group has {group.n} units, a lift needs {needed}")
