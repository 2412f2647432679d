"""An estimate with its interval, or with the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.errors import NotEvaluable
from engine.stats import bernstein as bounded
from engine.stats import bootstrap as resampled
from engine.stats import confidence_sequence as anytime
from engine.stats import delta as normal
from engine.stats import empirical_likelihood as likelihood
from engine.stats.influence import Influence, by_unit
from engine.stats.interval import CONFIDENCE, Interval
from engine.stats.sums import Moments
from engine.stats.weighted import Range, Weighted
from simulator.ope.base import Estimator, Sums
from simulator.ope.evaluated import Evaluated

WEIGHTS_ALONE = frozenset({"ips", "snips"})
"""Estimators of the same value as intervals that are made of weights and rewards."""


@dataclass(frozen=True, eq=False)
class Asked:
    """What an interval is asked of.

    Attributes:
        rewards: least and greatest reward there can be; what was seen if not given, which only some kinds allow.
        weights: least and greatest importance weight there can be.
        units: to whom each row belongs (codes); rows of one unit are not independent.
    """

    rows: Evaluated
    estimator: Estimator
    rewards: Range | None = None
    weights: Range = likelihood.ANY_WEIGHT
    units: NDArray[np.int64] | None = None
    confidence: float = CONFIDENCE
    seed: int = 0

    @cached_property
    def sums(self) -> Sums:
        """What the estimator keeps of the rows."""
        return self.estimator.sums(self.rows)

    @cached_property
    def value(self) -> float:
        """What the estimator says."""
        return self.estimator.point(self.sums)

    @property
    def influence(self) -> Influence:
        """Of each unit on the value."""
        return by_unit(self.estimator.influence(self.rows, self.sums), self.units)

    @property
    def declared(self) -> Range:
        """The reward's range. Raises ``NotEvaluable`` if it was not declared."""
        if self.rewards is None:
            raise NotEvaluable("the least and the greatest reward there can be must be declared")
        return self.rewards

    def require_weights_alone(self, kind: str) -> None:
        """Raises ``NotEvaluable`` unless the value is that of independent, completely kept, weighted rewards."""
        if self.estimator.name not in WEIGHTS_ALONE:
            raise NotEvaluable(f"{kind} intervals are of {' and '.join(sorted(WEIGHTS_ALONE))} only")
        if self.rows.keep is not None:
            raise NotEvaluable(f"{kind} intervals need all rows, some were not kept")
        if self.units is not None:
            raise NotEvaluable(f"{kind} intervals need independent rows, these are of units with several each")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a policy would have earned a decision.

    Attributes:
        interval: ``None`` where it is not evaluable, for the ``reason`` given.
        effective: effective sample size of the weights.
    """

    estimator: str
    value: float
    n: int
    effective: float
    interval: Interval | None = None
    reason: str | None = None

    def __str__(self) -> str:
        return f"{self.estimator} {self.value:.4f} {self.interval or f'({self.reason})'}"


def estimate(asked: Asked, kind: str = normal.KIND) -> Estimate:
    """The value, and its interval of this kind.

    Raises:
        NotEvaluable: there is no value at all.
        KeyError: an unknown kind; ``INTERVALS`` has them.
    """
    weight = asked.rows.weight
    squares = float(weight @ weight)
    effective = float(weight.sum()) ** 2 / squares if squares > 0.0 else 0.0
    found = Estimate(asked.estimator.name, asked.value, asked.sums.n, effective)
    try:
        return replace(found, interval=INTERVALS[kind](asked))
    except NotEvaluable as why:
        return replace(found, reason=str(why))


def _delta(asked: Asked) -> Interval:
    return _possible(asked, normal.delta(asked.value, asked.influence, confidence=asked.confidence))


def _bootstrap(asked: Asked) -> Interval:
    resampling = resampled.Resampling(seed=asked.seed)
    found = resampled.bootstrap(asked.value, asked.influence, confidence=asked.confidence, resampling=resampling)
    return _possible(asked, found)


def _empirical_likelihood(asked: Asked) -> Interval:
    asked.require_weights_alone(likelihood.KIND)
    rows = Weighted.of(asked.rows.weight, asked.rows.reward)
    return likelihood.empirical_likelihood(rows, asked.declared, weights=asked.weights, confidence=asked.confidence)


def _bernstein(asked: Asked) -> Interval:
    asked.require_weights_alone(bounded.KIND)
    if not np.isfinite(asked.weights.high):
        raise NotEvaluable("the greatest weight there can be must be declared")
    earned = asked.rows.weight * asked.rows.reward
    ends = [weight * reward for weight in asked.weights for reward in asked.declared]
    seen = Range(float(earned.min()), float(earned.max()))
    declared = Range(min(ends), max(ends))
    found = bounded.bernstein(Moments.from_array(earned), declared, seen, confidence=asked.confidence)
    return found.within(*asked.declared)


def _confidence_sequence(asked: Asked) -> Interval:
    asked.require_weights_alone(anytime.KIND)
    sequence = anytime.ConfidenceSequence(asked.declared).extended(asked.rows.weight, asked.rows.reward)
    return sequence.interval(asked.confidence)


def _possible(asked: Asked, interval: Interval) -> Interval:
    return interval if asked.rewards is None else interval.within(*asked.rewards)


INTERVALS: Mapping[str, Callable[[Asked], Interval]] = MappingProxyType(
    {
        normal.KIND: _delta,
        resampled.KIND: _bootstrap,
        likelihood.KIND: _empirical_likelihood,
        bounded.KIND: _bernstein,
        anytime.KIND: _confidence_sequence,
    }
)
"""Kind → how it is made."""
