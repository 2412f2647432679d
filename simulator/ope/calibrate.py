"""Forecasts brought into line with what the target policy favours.

A model learns where the logger went; a target goes elsewhere, mostly to better actions than the model thinks. Three
coefficients mend that: a start, a slope and what the target's own probability says of an action, a "clever covariate"
as in H. Bang, J. M. Robins, "Doubly robust estimation in missing data and causal inference models", Biometrics (2005).
"""

from __future__ import annotations

import numpy as np

from simulator.ope.cross_fit import Forecasts
from simulator.ope.evaluated import Array

DOUBT = 2.0
"""Rows' worth of belief in the forecasts as they are."""


def calibrated(forecasts: Forecasts, reward: Array, propensity: Array, pmf: Array) -> Forecasts:
    """The forecasts for one target, by a regression of the rewards on forecast and target probability.

    Rows count by the root of their importance weight: between what was seen often and what the target would see. The
    coefficients are few, so that rows may calibrate their own forecasts; none leaves the range of the rewards. Not for
    a logger that learned from the rows: there a forecast must know only what came before it.

    Args:
        reward, propensity: one a row; ``pmf`` is flat, the target's probability of each candidate.
    """
    low, high = float(reward.min()), float(reward.max())
    if low == high:
        return forecasts
    place = forecasts.choices.place
    rows = _columns(forecasts.forecast, pmf[place])
    counts = np.sqrt(pmf[place] / propensity)
    if not counts.any():
        return forecasts
    moved = _coefficients(rows, reward - forecasts.forecast, counts / counts.mean(), high - low)
    values = forecasts.values + _columns(forecasts.values, pmf) @ moved
    return Forecasts(forecasts.choices, np.clip(values, low, high))


def _columns(forecast: Array, probability: Array) -> Array:
    return np.column_stack([np.ones_like(forecast), forecast, probability])


def _coefficients(rows: Array, residual: Array, counts: Array, spread: float) -> Array:
    """Of the residual; 0 is what the doubt pulls to. The slope's is in the rewards' own spread."""
    weighted = rows * counts[:, None]
    doubt = DOUBT * np.diag([1.0, spread * spread, 1.0])
    return np.linalg.solve(weighted.T @ rows + doubt, weighted.T @ residual).astype(np.float64)
