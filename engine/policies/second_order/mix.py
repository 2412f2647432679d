"""Several forecasts made one: the better each was lately, the more it counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

KEPT = 0.999
TEMPERATURE = 0.2


class Mix:
    """Exponential weights by discounted squared loss (Vovk, "Aggregating strategies", 1990).

    A member may have nothing to say. It is then charged what the others' mix lost (Freund, Schapire, Singer and
    Warmuth, "Using and combining predictors that specialize", 1997), so that a newcomer does not count as faultless.
    """

    def __init__(self, members: int) -> None:
        self._losses: Vector = np.zeros(members)

    def weights(self, present: NDArray[np.bool_]) -> Vector:
        """One weight a member, summing to 1; 0 for those not ``present``, shape (members,)."""
        losses = np.where(present, self._losses, np.inf)
        weights = np.exp((losses.min() - losses) / TEMPERATURE)
        normalised: Vector = weights / weights.sum()
        return normalised

    def learn(self, forecasts: Vector, present: NDArray[np.bool_], reward: float) -> None:
        """Charge every member for what it said of the chosen candidate, shape (members,), before it learned."""
        said = np.clip(forecasts, 0.0, 1.0)
        mixed = float(np.einsum("i,i->", self.weights(present), np.where(present, said, 0.0)))
        charged = (np.where(present, said, mixed) - reward) ** 2
        self._losses = KEPT * self._losses + charged

    def forget(self) -> None:
        """All are equal again."""
        self._losses = np.zeros(len(self._losses))

    @property
    def losses(self) -> Vector:
        """Everything that was learned."""
        return self._losses

    def restore(self, losses: Vector) -> None:
        """Go on from ``losses``."""
        self._losses = losses
