"""IPS with bounded weights. E. L. Ionides, "Truncated importance sampling", JCGS 17 (2008)."""

from __future__ import annotations

import math

import numpy as np

from engine.errors import NotEvaluable
from simulator.ope.evaluated import Array, Evaluated
from simulator.ope.mean import MeanEstimator


class ClippedIPS(MeanEstimator):
    """No row stands for more than ``clip`` decisions: less variance, and too low a value where rewards are positive.

    Raises:
        NotEvaluable: ``clip`` is not positive.
    """

    name = "clipped_ips"
    tuned = "clip"
    check_params = ({}, {"clip": 2.0})

    def __init__(self, clip: float = math.inf) -> None:
        if not clip > 0.0:
            raise NotEvaluable(f"weights cannot be clipped at {clip}")
        self.clip = clip

    def _rows(self, batch: Evaluated) -> Array:
        return np.minimum(batch.ratio, self.clip) * batch.reward
