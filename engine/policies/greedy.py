"""All probability on the best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_EQUAL = 1e-12


def greedy(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Equal probability for all that score highest, 0 for others, shape (K,)."""
    best = (scores >= scores.max() - _EQUAL).astype(np.float64)
    shares: NDArray[np.float64] = best / best.sum()
    return shares
