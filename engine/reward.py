"""What a decision's outcomes are worth."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence

from engine.config import Aggregation, RewardSpec

GREATEST = 1e12
"""A contribution beyond this magnitude, or one that is no number at all, is a sender's error and never counts."""


def _earliest(contributions: Sequence[float]) -> float:
    return contributions[0]


AGGREGATE: Mapping[Aggregation, Callable[[Sequence[float]], float]] = {
    "earliest": _earliest,
    "sum": math.fsum,
    "mean": statistics.fmean,
    "median": statistics.median,
    "min": min,
    "max": max,
}


def contribution(spec: RewardSpec, metric: str, value: float) -> float | None:
    """Weight × value; ``None`` if the outcome does not count."""
    weight = spec.metrics.get(metric)
    if weight is None or not abs(weight * value) <= GREATEST:
        return None
    return weight * value


def reward(spec: RewardSpec, contributions: Sequence[float], cost: float = 0.0) -> float:
    """The reward in the placement's own units.

    Args:
        contributions: of the outcomes that counted, in journal order; the default reward stands in for none.
        cost: what the chosen action cost, if it did.
    """
    earned = AGGREGATE[spec.aggregation](contributions) if contributions else spec.default
    return earned - cost
