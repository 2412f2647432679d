"""Thompson sampling of rewards that are yes or no."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.policies.by_arm import ByArm, Vector
from engine.policies.second_order.best import chances_of_winning

POINTS = 49
REACH = 6.0


class BernoulliThompsonPolicy(ByArm):
    """Each candidate as often as it is the best of a draw from the posteriors Beta(1 + rewards, 1 + plays − rewards).

    Thompson, "On the likelihood that one unknown probability exceeds another" (1933); Chapelle and Li, "An Empirical
    Evaluation of Thompson Sampling" (2011). A reward between 0 and 1 counts as that much of a yes. Its probabilities
    are computed without drawing, to 0.005.

    Args:
        floor: ``floor`` / K is the least probability of each of K candidates.
        max_actions: most candidates in one request.
    """

    name = "bernoulli_thompson"

    def __init__(self, floor: float = 0.02, max_actions: int = 200) -> None:
        super().__init__(floor, max_actions)

    def _explore(self, plays: Vector, rewards: Vector) -> Vector:
        yes, no = 1.0 + rewards, 1.0 + plays - rewards
        means = yes / (yes + no)
        deviations = np.sqrt(means * (1.0 - means) / (yes + no + 1.0))
        low = max(0.0, float((means - REACH * deviations).max()))
        able = np.flatnonzero(means + REACH * deviations > low)
        pmf = np.zeros(len(means))
        points = (means[able, None] + deviations[able, None] * np.linspace(-REACH, REACH, POINTS)).ravel()
        edges = np.unique(np.clip(np.append(points, low), low, 1.0))
        pmf[able] = chances_of_winning(_below(edges, yes[able], no[able]))
        return pmf


def _below(edges: Vector, yes: Vector, no: Vector) -> NDArray[np.float64]:
    """P(variable ≤ edge), shape (K, edges), none of which is above the last edge: by trapezoids, from there."""
    inside = np.clip(edges, 1e-12, 1.0 - 1e-12)
    scale = np.array([math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) for a, b in zip(yes, no, strict=True)])
    logarithm = (yes[:, None] - 1.0) * np.log(inside) + (no[:, None] - 1.0) * np.log1p(-inside)
    density = np.exp(logarithm + scale[:, None])
    cells = 0.5 * (density[:, 1:] + density[:, :-1]) * np.diff(edges)
    above = np.concatenate([np.cumsum(cells[:, ::-1], axis=1)[:, ::-1], np.zeros((len(yes), 1))], axis=1)
    return np.maximum(1.0 - above, 0.0)
