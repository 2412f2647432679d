"""Whether probabilities can be taken at their word: what was said against what came true."""

from __future__ import annotations

import msgspec
import numpy as np
from scipy.stats import binomtest

from features.predictions.table import Floats

BINS = 10
SIMULATED = 500
CHANCE = 0.95


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of which about the same was said: the mean of that, and the share that came true with its 95 % interval."""

    rows: int
    said: float
    came_true: float
    low: float
    high: float


class Reliability(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of rows that nothing was learned from, and what came true.

    Attributes:
        said, came_true: means; ``low`` and ``high`` are Wilson's 95 % interval of the latter.
        brier: mean squared error; ``brier_constant`` is that of always saying ``constant``, the rate of before.
        ece: mean distance of the bins from what came true in them, by rows; the bins are as full as each other.
        ece_by_chance: probabilities that are right would have a greater one in 5 of 100 samples as large as this.
    """

    rows: int
    said: float
    came_true: float
    low: float
    high: float
    brier: float
    constant: float
    brier_constant: float
    ece: float
    ece_by_chance: float
    bins: tuple[Bin, ...]

    @property
    def calibrated(self) -> bool:
        """Whether the distances are not greater than chance alone explains."""
        return self.ece <= self.ece_by_chance

    @property
    def verdict(self) -> str:
        """In words."""
        said, true = f"{self.said:.1%}", f"{self.came_true:.1%} ({self.low:.1%} to {self.high:.1%})"
        if self.calibrated:
            return f"the probabilities can be taken at their word: said {said}, came true {true}"
        words = f"the probabilities cannot be taken at their word: said {said}, came true {true}"
        if not self.low <= self.constant <= self.high:
            words += f"; the rate moved, from {self.constant:.1%} in the rows before"
        if self.brier >= self.brier_constant:
            words += "; always saying the rate of before would have been as good"
        return words + ". Use them to rank users, not as rates"


def reliability(happened: Floats, probabilities: Floats, constant: float, seed: int) -> Reliability:
    """Judge probabilities by outcomes (0 or 1); ``constant`` is the rate that was known beforehand."""
    order = np.argsort(probabilities, kind="stable")
    said, came_true = probabilities[order], happened[order]
    rng = np.random.default_rng(seed)
    by_chance = [_ece(said, (rng.random(len(said)) < said).astype(float)) for _ in range(SIMULATED)]
    low, high = wilson(happened)
    return Reliability(
        rows=len(happened),
        said=float(said.mean()),
        came_true=float(came_true.mean()),
        low=low,
        high=high,
        brier=float(np.square(said - came_true).mean()),
        constant=constant,
        brier_constant=float(np.square(constant - came_true).mean()),
        ece=_ece(said, came_true),
        ece_by_chance=float(np.quantile(by_chance, CHANCE)),
        bins=tuple(_bin(*pair) for pair in zip(_binned(said), _binned(came_true), strict=True)),
    )


def wilson(happened: Floats) -> tuple[float, float]:
    """The 95 % interval of a rate (Wilson 1927)."""
    found = binomtest(int(happened.sum()), len(happened)).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def _ece(said: Floats, came_true: Floats) -> float:
    """Of rows in the order of what was said."""
    pairs = zip(_binned(said), _binned(came_true), strict=True)
    return float(sum(abs(float((one - other).sum())) for one, other in pairs) / len(said))


def _binned(values: Floats) -> list[Floats]:
    return np.array_split(values, min(BINS, len(values)))


def _bin(said: Floats, came_true: Floats) -> Bin:
    low, high = wilson(came_true)
    return Bin(rows=len(said), said=float(said.mean()), came_true=float(came_true.mean()), low=low, high=high)
