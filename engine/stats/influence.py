"""What each unit moves a value by, and how many units that are alike would move it as much.

F. R. Hampel, "The influence curve and its role in robust estimation", JASA 69 (1974).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import NotEvaluable
from engine.stats.interval import require_units

Array = NDArray[np.float64]

LEAST_UNITS = 30
LEAST_EFFECTIVE = 2.0
"""Below so many effective units one of them is nearly all of the spread that was seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Influence:
    """Of every unit on a value: how far it moves it, times n.

    Attributes:
        rows: float64, one a unit; their mean is 0.
    """

    rows: Array

    @property
    def n(self) -> int:
        """Units."""
        return len(self.rows)

    @property
    def standard_error(self) -> float:
        """Of the value; NaN below two units."""
        return math.sqrt(float(self.rows @ self.rows) / (self.n - 1) / self.n) if self.n > 1 else math.nan

    @property
    def effective(self) -> float:
        """(Σ x²)² / Σ x⁴: how many units carry the variance. Few where a few weigh much; 0 where nothing varies."""
        squares = self.rows * self.rows
        spread = float(squares @ squares)
        return float(squares.sum()) ** 2 / spread if spread > 0.0 else 0.0

    def require_enough(self, units: int = LEAST_UNITS, effective: float = LEAST_EFFECTIVE) -> None:
        """Raises ``NotEvaluable`` if too few units, alike or at all, say how large the error is."""
        require_units(self.n, units, "units")
        if self.standard_error == 0.0:
            raise NotEvaluable("no unit differs from another: an interval would have no width")
        require_units(self.effective, effective, "units carry all of the variance")


def by_unit(rows: Array, units: NDArray[np.int64] | None) -> Influence:
    """Rows of one unit (codes) together; each row by itself without units.

    Raises:
        NotEvaluable: there are more or fewer units than rows.
    """
    if units is None:
        return Influence(rows)
    if len(units) != len(rows):
        raise NotEvaluable(f"{len(units)} units for {len(rows)} rows")
    codes, place = np.unique(units, return_inverse=True)
    sums = np.bincount(place, weights=rows).astype(np.float64)
    return Influence(sums * (len(codes) / len(rows)))
