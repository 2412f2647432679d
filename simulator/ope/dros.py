"""Doubly robust with optimistic shrinkage. Y. Su, M. Dimakopoulou, A. Krishnamurthy, M. Dudík, "Doubly robust
off-policy evaluation with shrinkage", ICML (2020)."""

from __future__ import annotations

import math

from engine.errors import NotEvaluable
from simulator.ope.dr import DR
from simulator.ope.evaluated import Array


class DROS(DR):
    """Weights w become λ·w / (w² + λ): small ones stay, large ones vanish. λ = 0 is the direct method, λ = ∞ is DR.

    Raises:
        NotEvaluable: ``shrinkage`` (λ) is negative or not a number.
    """

    name = "dros"
    tuned = "shrinkage"
    check_params = ({}, {"shrinkage": 10.0}, {"shrinkage": 0.0})

    def __init__(self, shrinkage: float = math.inf) -> None:
        if not shrinkage >= 0.0:
            raise NotEvaluable(f"weights cannot be shrunk by {shrinkage}")
        self.shrinkage = shrinkage

    def _weights(self, ratio: Array) -> Array:
        if math.isinf(self.shrinkage):
            return ratio
        if self.shrinkage == 0.0:
            return 0.0 * ratio
        return ratio / (ratio * ratio / self.shrinkage + 1.0)
