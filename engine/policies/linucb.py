"""Linear upper confidence bounds."""

from __future__ import annotations

from engine.policies.greedy import greedy
from engine.policies.over_ridge import OverRidge, Vector
from engine.policies.parameters import check_positive


class LinUcbPolicy(OverRidge):
    """The candidate that could be best: forecast + ``width`` standard deviations.

    Li, Chu, Langford and Schapire, "A Contextual-Bandit Approach to Personalized News Article Recommendation" (2010).
    Certain of itself but for ``floor`` and ties: little can be evaluated on its log.

    Args:
        width: how many standard deviations.
        prior: precision of an arm's weights before anything is learned.
        floor: ``floor`` / K is the least probability of each of K candidates.
        max_actions: most candidates in one request.
    """

    name = "linucb"

    def __init__(self, width: float = 0.3, prior: float = 0.03, floor: float = 0.02, max_actions: int = 200) -> None:
        check_positive(width=width)
        self.width = width
        super().__init__(prior, floor, max_actions)

    def _explore(self, means: Vector, deviations: Vector) -> Vector:
        return greedy(means + self.width * deviations)
