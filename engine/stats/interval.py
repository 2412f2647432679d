"""Where a value is likely to be."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import NotEvaluable

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``low`` to ``high``, in the value's units, at ``confidence``.

    Attributes:
        kind: how it was made.
        n: independent units behind it.
    """

    low: float
    high: float
    confidence: float
    kind: str
    n: int

    @property
    def width(self) -> float:
        """From one end to the other."""
        return self.high - self.low

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        percent = f"{self.confidence:.0%}".replace("%", " %")
        return f"[{self.low:.4f}, {self.high:.4f}] ({percent}, {self.kind}, n={self.n:,})"

    def within(self, low: float, high: float) -> Interval:
        """The part of it that is possible at all."""
        return Interval(
            min(max(self.low, low), high), max(min(self.high, high), low), self.confidence, self.kind, self.n
        )


def require_confidence(confidence: float) -> None:
    """Raises ``ValueError`` if it is not between 0 and 1."""
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")


def require_units(n: float, needed: float, what: str) -> None:
    """Raises ``NotEvaluable`` if there are fewer."""
    if n < needed:
        raise NotEvaluable(f"{n:,.4g} {what}, an interval needs {needed:,.4g}")
