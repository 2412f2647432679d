"""Probabilities that are exact: whole numbers of equal shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHARES = 1 << 24
"""A power of two: every count of shares is an exact float, and so is every sum of them."""


def in_shares(pmf: NDArray[np.float64], floor: float) -> NDArray[np.int64]:
    """How many of ``SHARES`` shares each entry of (1 − ``floor``) p + ``floor`` / K gets, at least 1.

    No entry gets less than its part of the floor; what rounding leaves over is the most probable one's.
    """
    count = len(pmf)
    least = max(1, int(np.ceil(floor / count * SHARES)))
    shares = np.floor(((1.0 - floor) * pmf + floor / count) * SHARES + 0.5).astype(np.int64)
    shares = np.maximum(shares, least)
    shares[shares.argmax()] += SHARES - int(shares.sum())
    return shares


def exact_pmf(pmf: NDArray[np.float64], floor: float) -> list[float]:
    """The probabilities that ``in_shares`` counts: they sum to exactly 1."""
    exact: list[float] = (in_shares(pmf, floor) / SHARES).tolist()
    return exact
