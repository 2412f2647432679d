"""SWITCH-DR. Y.-X. Wang, A. Agarwal, M. Dudík, "Optimal and adaptive off-policy evaluation in contextual bandits", ICML
(2017)."""

from __future__ import annotations

import math

from engine.errors import NotEvaluable
from simulator.ope.dr import DR
from simulator.ope.evaluated import Array


class SwitchDR(DR):
    """Doubly robust where the ratio is at most ``threshold``, the model alone beyond it.

    Raises:
        NotEvaluable: ``threshold`` is negative or not a number.
    """

    name = "switch_dr"
    tuned = "threshold"
    check_params = ({}, {"threshold": 2.0}, {"threshold": 0.0})

    def __init__(self, threshold: float = math.inf) -> None:
        if not threshold >= 0.0:
            raise NotEvaluable(f"a ratio cannot be compared with the threshold {threshold}")
        self.threshold = threshold

    def _weights(self, ratio: Array) -> Array:
        return ratio * (ratio <= self.threshold)
