"""How many decisions it takes to see a difference. J. Cohen, "Statistical power analysis for the behavioral sciences"
(1988), chapter 2."""

from __future__ import annotations

import math
from statistics import NormalDist

from engine.errors import NotEvaluable
from simulator.compare.difference import Difference

POWER = 0.8


def more_decisions(found: Difference, *, effect: float | None = None, power: float = POWER) -> int:
    """Decisions still missing, of the kind there are, until a difference would be found with probability ``power``.

    Args:
        effect: the smallest difference worth knowing, in reward units; the one that was seen if not given.

    Raises:
        NotEvaluable: the effect is 0: no number of decisions shows that.
    """
    wanted = units_needed(found.deviation, effect or found.interval.mean, found.interval.confidence, power)
    decisions_per_unit = found.decisions / found.interval.n
    return max(0, math.ceil(wanted * decisions_per_unit) - found.decisions)


def units_needed(deviation: float, effect: float, confidence: float = 0.95, power: float = POWER) -> int:
    """Units of this deviation until a mean of ``effect`` differs from 0, two-sided, with probability ``power``.

    Raises:
        NotEvaluable: the effect is 0 or not a number.
    """
    if not abs(effect) > 0.0:
        raise NotEvaluable("no number of decisions shows a difference of nothing")
    quantiles = NormalDist().inv_cdf(0.5 + confidence / 2.0) + NormalDist().inv_cdf(power)
    return math.ceil((quantiles * deviation / effect) ** 2)
