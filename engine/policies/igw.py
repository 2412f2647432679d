"""Inverse gap weighting."""

from __future__ import annotations

import math

from engine.policies.over_ridge import OverRidge, Vector
from engine.policies.parameters import check_positive


class IgwPolicy(OverRidge):
    """The less probable, the further a candidate's forecast is behind the best.

    Foster and Rakhlin, "Beyond UCB: Optimal and Efficient Contextual Bandits with Regression Oracles" (2020):
    1 / (K + γ · gap), the best one has the rest; γ = ``gamma_scale`` · √t after t examples.

    Args:
        gamma_scale: greater explores less.
        prior: precision of an arm's weights before anything is learned.
        floor: ``floor`` / K is the least probability of each of K candidates.
        max_actions: most candidates in one request.
    """

    name = "igw"

    def __init__(
        self, gamma_scale: float = 50.0, prior: float = 0.1, floor: float = 0.02, max_actions: int = 200
    ) -> None:
        check_positive(gamma_scale=gamma_scale)
        self.gamma_scale = gamma_scale
        super().__init__(prior, floor, max_actions)

    def _explore(self, means: Vector, deviations: Vector) -> Vector:
        gamma = self.gamma_scale * math.sqrt(self._learned)
        best = int(means.argmax())
        pmf: Vector = 1.0 / (len(means) + gamma * (means[best] - means))
        pmf[best] += 1.0 - pmf.sum()
        return pmf
