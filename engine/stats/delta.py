"""The delta method: a value's error is that of the mean of its influences.

B. Efron, "The jackknife, the bootstrap and other resampling plans" (1982), chapter 6. The error is itself estimated,
from as many units as carry the variance: Student's quantile is taken for these, not for all, which matters where few
weigh much.
"""

from __future__ import annotations

from engine.stats.influence import Influence
from engine.stats.interval import CONFIDENCE, Interval, require_confidence

KIND = "delta"


def delta(value: float, influence: Influence, *, confidence: float = CONFIDENCE) -> Interval:
    """Student's interval around the value.

    Raises:
        NotEvaluable: too few units, or few of them carry all of the variance.
    """
    from scipy.special import stdtrit  # slow to import

    require_confidence(confidence)
    influence.require_enough()
    degrees = min(influence.n - 1.0, influence.effective)
    margin = float(stdtrit(degrees, 0.5 + confidence / 2.0)) * influence.standard_error
    return Interval(value - margin, value + margin, confidence, KIND, influence.n)
