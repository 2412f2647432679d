"""How far a replay's value may be from the truth.

Two things leave it to chance: what the rows say, which all replays of a log share, and what the policy happens to
learn, which differs from one replay to the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.stats.interval import CONFIDENCE, Interval, require_confidence
from simulator.replay.way import Way

KIND = "replay"


@dataclass(frozen=True, slots=True)
class Spread:
    """Variances of a value, and the degrees of freedom with which each is known.

    Attributes:
        rows: of what the rows say.
        histories: of what the policy happens to learn; 0 with one replay, from which nothing is known of it. It has
            some of the rows' chance in it once more, so that their sum is never too small.
    """

    rows: float
    rows_known: float
    histories: float
    histories_known: float

    @classmethod
    def of(cls, ways: Sequence[Way]) -> Spread:
        """Of the mean of these replays' values."""
        rows = float(np.mean([each.standard_error**2 for each in ways]))
        known = float(np.mean([each.audit.weights.effective for each in ways]))
        if len(ways) == 1:
            return cls(rows, known, 0.0, 1.0)
        differ = float(np.var([each.value for each in ways], ddof=1)) / len(ways)
        return cls(rows, known, differ, len(ways) - 1.0)

    @property
    def standard_error(self) -> float:
        """Of the value."""
        return math.sqrt(self.rows + self.histories)

    def interval(self, value: float, n: int, confidence: float = CONFIDENCE) -> Interval:
        """Student's, with degrees of freedom by F. E. Satterthwaite, "An approximate distribution of estimates of
        variance components", Biometrics Bulletin 2 (1946).

        Args:
            n: rows behind the value.
        """
        from scipy.special import stdtrit  # slow to import

        require_confidence(confidence)
        margin = float(stdtrit(self._degrees, 0.5 + confidence / 2.0)) * self.standard_error
        return Interval(value - margin, value + margin, confidence, KIND, n)

    def p_value(self, value: float) -> float:
        """Two-sided, of a true value of 0; 1 where nothing differs and nothing is left to chance."""
        from scipy.special import stdtr  # slow to import

        if not self.standard_error:
            return 1.0 if value == 0.0 else 0.0
        return float(2.0 * stdtr(self._degrees, -abs(value) / self.standard_error))

    @property
    def _degrees(self) -> float:
        parts = self.rows**2 / max(self.rows_known, 1.0) + self.histories**2 / self.histories_known
        return (self.rows + self.histories) ** 2 / parts if parts else math.inf
