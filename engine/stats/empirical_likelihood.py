"""Empirical likelihood of the Cressie-Read family: weights are known to be 1 on average, which narrows the value, too.

N. Karampatziakis, J. Langford, P. Mineiro, "Empirical likelihood for contextual bandits", NeurIPS (2020), section 3,
with the divergence of index −2, whose bounds are in closed form: N. Cressie, T. R. C. Read, "Multinomial
goodness-of-fit tests", JRSS B 46 (1984). One row that was never seen, of any weight and reward that can be, is added:
what is not in the log is not taken for impossible.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from engine.errors import NotEvaluable
from engine.stats.interval import CONFIDENCE, Interval, require_confidence, require_units
from engine.stats.weighted import Range, Weighted

KIND = "empirical_likelihood"
LEAST_UNITS = 30
ANY_WEIGHT = Range(0.0, math.inf)
_NOTHING = 1e-18


@dataclass(frozen=True, slots=True)
class _Means:
    """Of the rows and the unseen one, which has weight ``w`` and reward ``r``; rewards times ``sign``."""

    w: float
    ww: float
    wr: float
    wwr: float
    wwrr: float

    @classmethod
    def of(cls, rows: Weighted, w: float, r: float, sign: float) -> _Means:
        """With one more row."""
        n, totals = rows.n + 1.0, rows.totals
        return cls(
            (w + totals.w) / n,
            (w * w + totals.ww) / n,
            sign * (w * r + totals.wr) / n,
            sign * (w * w * r + totals.wwr) / n,
            (w * w * r * r + totals.wwrr) / n,
        )

    @property
    def variance(self) -> float:
        """Of the weights."""
        return self.ww - self.w * self.w


def empirical_likelihood(
    rows: Weighted, rewards: Range, *, weights: Range = ANY_WEIGHT, confidence: float = CONFIDENCE
) -> Interval:
    """The values of the policy that the rows do not contradict.

    Args:
        rewards: least and greatest reward there can be.
        weights: least and greatest weight there can be; the interval is narrower if they are known.

    Raises:
        NotEvaluable: too few rows, or a reward or weight outside of what can be.
    """
    from scipy.special import fdtri  # slow to import

    require_confidence(confidence)
    require_units(rows.n, LEAST_UNITS, "rows")
    rewards.require("reward", *rows.rewards)
    weights.require("weight", *rows.weights)
    if not weights.low < 1.0 < weights.high:
        raise NotEvaluable("weights are 1 on average, and so must be able to be less and more")
    quantile = float(fdtri(1.0, rows.n, confidence))
    allowed = -(_unconstrained(rows, weights) + quantile) / (2.0 * (1.0 + rows.n))
    low = min(_bounds(rows, rewards.low, 1.0, weights, allowed), default=rewards.low)
    high = -min(_bounds(rows, rewards.high, -1.0, weights, allowed), default=-rewards.high)
    return Interval(low, high, confidence, KIND, rows.n).within(*rewards)


def _unconstrained(rows: Weighted, weights: Range) -> float:
    """The least divergence from the rows that makes weights 1 on average."""
    unseen = weights.high if rows.totals.w < rows.n else weights.low
    if math.isinf(unseen):
        return 1.0 + 1.0 / rows.n
    means = _Means.of(rows, unseen, 0.0, 1.0)
    return (1.0 + rows.n) * (means.w - 1.0) ** 2 / means.variance


def _bounds(rows: Weighted, r: float, sign: float, weights: Range, allowed: float) -> Iterator[float]:
    """Least values of ``sign`` × reward, one for each extreme weight of the row that was not seen."""
    for unseen in weights:
        parts = _unbounded(rows, r, sign) if math.isinf(unseen) else _bounded(rows, unseen, r, sign)
        if parts is None:
            continue
        centre, spread, slack = parts
        product = spread * (allowed + slack)
        if abs(product) < _NOTHING:
            yield centre
        elif allowed + slack <= 0.0 and product >= 0.0:
            yield centre - math.sqrt(2.0 * product)


def _unbounded(rows: Weighted, r: float, sign: float) -> tuple[float, float, float]:
    n, totals = float(rows.n), rows.totals
    missed = r * totals.w - totals.wr
    spread = missed**2 / (n * (1.0 + n)) - (r * r * totals.ww - 2.0 * r * totals.wwr + totals.wwrr) / (1.0 + n)
    return sign * (r - missed / n), spread, 1.0 / (2.0 * n)


def _bounded(rows: Weighted, w: float, r: float, sign: float) -> tuple[float, float, float] | None:
    means = _Means.of(rows, w, r, sign)
    if means.variance <= 0.0:
        return None
    together = means.wwr - means.w * means.wr
    centre = means.wr + (1.0 - means.w) * together / means.variance
    spread = together**2 / means.variance - (means.wwrr - means.wr**2)
    return centre, spread, 0.5 * (1.0 - means.w) ** 2 / means.variance
