"""Linear Thompson sampling."""

from __future__ import annotations

from engine.policies.over_ridge import OverRidge, Vector
from engine.policies.parameters import check_positive
from engine.policies.second_order.best import probability_of_best


class LinTsPolicy(OverRidge):
    """Each candidate as often as it is the best of a draw from the posterior.

    Agrawal and Goyal, "Thompson Sampling for Contextual Bandits with Linear Payoffs" (2013), an arm's weights for
    themselves. Its probabilities are computed without drawing, to 0.002.

    Args:
        width: standard deviation of the rewards' noise: scales the posterior's.
        prior: precision of an arm's weights before anything is learned.
        floor: ``floor`` / K is the least probability of each of K candidates.
        max_actions: most candidates in one request.
    """

    name = "lin_ts"

    def __init__(self, width: float = 0.1, prior: float = 0.03, floor: float = 0.02, max_actions: int = 200) -> None:
        check_positive(width=width)
        self.width = width
        super().__init__(prior, floor, max_actions)

    def _explore(self, means: Vector, deviations: Vector) -> Vector:
        return probability_of_best(means, self.width * deviations)
