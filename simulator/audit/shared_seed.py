"""Whether the target's draws follow the logger's, as they do where both were given the same seed.

Given what the logger drew, an independent draw of the target's agrees with it with the target's probability of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulator.logs.schema import Indices, LoggedBatch
from simulator.ope.evaluated import Evaluated

LEAST_VARIANCE = 10.0
"""Of the number of agreements: below it the normal tail is no measure, and nothing is said."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often the target drew what the logger had drawn; mergeable."""

    n: int = 0
    agreed: float = 0.0
    expected: float = 0.0
    variance: float = 0.0

    @classmethod
    def of(cls, batch: LoggedBatch, rows: Evaluated, drawn: Indices) -> Agreement:
        """Of some rows.

        Args:
            drawn: index of the candidate that the target drew in each row.
        """
        variance = rows.target * (1.0 - rows.target)
        return cls(len(rows), float((drawn == batch.chosen).sum()), float(rows.target.sum()), float(variance.sum()))

    def merge(self, other: Agreement) -> Agreement:
        """Of both sets of rows together."""
        return Agreement(
            self.n + other.n,
            self.agreed + other.agreed,
            self.expected + other.expected,
            self.variance + other.variance,
        )

    @property
    def p_value(self) -> float:
        """Of at least so many agreements, were the draws independent; 1 where too little is known."""
        if self.variance < LEAST_VARIANCE:
            return 1.0
        return 0.5 * math.erfc((self.agreed - self.expected) / math.sqrt(2.0 * self.variance))
