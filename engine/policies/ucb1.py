"""Upper confidence bounds."""

from __future__ import annotations

import numpy as np

from engine.policies.by_arm import ByArm, Vector
from engine.policies.greedy import greedy


class Ucb1Policy(ByArm):
    """The candidate that could be best: mean reward + √(2 ln t / n) after n of t plays; one never played comes first.

    Auer, Cesa-Bianchi and Fischer, "Finite-time Analysis of the Multiarmed Bandit Problem" (2002). t counts the plays
    of the candidates. Certain of itself but for ``floor`` and ties: little can be evaluated on its log.

    Args:
        floor: ``floor`` / K is the least probability of each of K candidates.
        max_actions: most candidates in one request.
    """

    name = "ucb1"

    def __init__(self, floor: float = 0.02, max_actions: int = 200) -> None:
        super().__init__(floor, max_actions)

    def _explore(self, plays: Vector, rewards: Vector) -> Vector:
        if not plays.all():
            return greedy(-plays)
        return greedy(rewards / plays + np.sqrt(2.0 * np.log(plays.sum()) / plays))
