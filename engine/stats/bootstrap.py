"""The bootstrap, studentised: resamples say how the error's own estimate moves with the value.

B. Efron, R. J. Tibshirani, "An introduction to the bootstrap" (1993), section 12.5. Many units are first dealt into
blocks, whose sums are resampled: as B. Efron, "Bootstrap methods", Annals of Statistics 7 (1979), of block means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.stats.influence import Array, Influence
from engine.stats.interval import CONFIDENCE, Interval, require_confidence

KIND = "bootstrap"
RESAMPLES = 2_000
BLOCKS = 2_000
"""Units beyond so many are dealt into blocks of equal size: their sums are nearly normal, and time does not grow."""

LEAST_UNITS = 1_000
LEAST_EFFECTIVE = 5.0
"""Fewer are drawn again too often, or not at all: with heavy weights 500 units cover .88 for .95."""

AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class Resampling:
    """How units are drawn again.

    Attributes:
        seed: of the draws; the same units and seed give the same interval.
    """

    seed: int = 0
    resamples: int = RESAMPLES


def bootstrap(
    value: float,
    influence: Influence,
    *,
    confidence: float = CONFIDENCE,
    resampling: Resampling = Resampling(),
) -> Interval:
    """The bootstrap-t interval around the value.

    Raises:
        NotEvaluable: too few units, or few of them carry all of the variance.
    """
    require_confidence(confidence)
    influence.require_enough(LEAST_UNITS, LEAST_EFFECTIVE)
    rng = np.random.default_rng([resampling.seed, influence.n])
    blocks = _dealt(influence.rows, rng)
    ratios = _student_ratios(blocks, resampling.resamples, rng)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(ratios, [tail, 1.0 - tail])
    error = influence.standard_error
    return Interval(value - float(high) * error, value - float(low) * error, confidence, KIND, influence.n)


def _dealt(rows: Array, rng: np.random.Generator) -> Array:
    """Means of blocks of units in random order; the last units, fewer than there are blocks, join the first blocks."""
    if len(rows) <= BLOCKS:
        return rows
    size, rest = divmod(len(rows), BLOCKS)
    shuffled = rng.permutation(rows)
    sums = shuffled[: size * BLOCKS].reshape(BLOCKS, size).sum(axis=1)
    sums[:rest] += shuffled[size * BLOCKS :]
    return np.asarray(sums * (BLOCKS / len(rows)))


def _student_ratios(blocks: Array, resamples: int, rng: np.random.Generator) -> Array:
    """(mean of a resample − mean) / the resample's own standard error."""
    m, mean = len(blocks), blocks.mean()
    columns = np.column_stack([blocks, blocks * blocks])
    ratios = [np.zeros(0)]
    for start in range(0, resamples, AT_ONCE):
        counts = rng.multinomial(m, np.full(m, 1.0 / m), size=min(AT_ONCE, resamples - start))
        means, squares = (counts @ columns / m).T
        errors = np.sqrt(np.maximum(squares - means * means, np.finfo(float).tiny) / (m - 1))
        ratios.append((means - mean) / errors)
    return np.concatenate(ratios)
