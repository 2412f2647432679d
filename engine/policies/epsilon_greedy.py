"""The best as far as known, and now and then any."""

from __future__ import annotations

from engine.policies.greedy import greedy
from engine.policies.over_ridge import OverRidge, Vector


class EpsilonGreedyPolicy(OverRidge):
    """The candidate with the highest forecast; with probability ``epsilon`` any of them.

    Args:
        epsilon: share of uniform exploration.
        prior: precision of an arm's weights before anything is learned.
        max_actions: most candidates in one request.
    """

    name = "epsilon_greedy"

    def __init__(self, epsilon: float = 0.05, prior: float = 0.1, max_actions: int = 200) -> None:
        self.epsilon = epsilon
        super().__init__(prior, epsilon, max_actions)

    def _explore(self, means: Vector, deviations: Vector) -> Vector:
        return greedy(means)
