"""Scores into probabilities. J. Platt, "Probabilistic outputs for support vector machines" (1999)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.ope.evaluated import Array

STEPS = 25
DOUBT = 1e-3
"""Penalty on the two coefficients: what separates perfectly has no steepest curve."""


@dataclass(frozen=True, slots=True)
class Curve:
    """``probability = 1 / (1 + exp(-(start + slope · score)))``."""

    start: float
    slope: float

    def __call__(self, scores: Array) -> Array:
        """The probabilities of scores."""
        return _logistic(self.start + self.slope * scores)


def curve(scores: Array, clicked: Array) -> Curve:
    """The logistic curve through scores and what became of them, by Newton's method.

    Args:
        clicked: 0 or 1; not all the same.
    """
    smoothed = (clicked.sum() + 1.0) / (len(clicked) + 2.0)
    target = np.where(clicked > 0.0, 1.0 - 1.0 / (clicked.sum() + 2.0), 1.0 / ((1.0 - clicked).sum() + 2.0))
    rows = np.column_stack([np.ones_like(scores), scores])
    found = np.array([np.log(smoothed / (1.0 - smoothed)), 0.0])
    for _ in range(STEPS):
        probability = _logistic(rows @ found)
        spread = probability * (1.0 - probability)
        curvature = rows.T @ (rows * spread[:, None]) + DOUBT * np.eye(2)
        step = np.linalg.solve(curvature, rows.T @ (target - probability) - DOUBT * found)
        found = found + np.clip(step, -5.0, 5.0)
    return Curve(float(found[0]), float(found[1]))


def _logistic(scores: Array) -> Array:
    probabilities: Array = np.exp(-np.logaddexp(0.0, -scores))
    return probabilities
