"""Do these draws come from this pmf? Pearson's χ² test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

SIGNIFICANCE = 1e-4
LEAST_EXPECTED = 5.0


def unlike(counts: Sequence[int], pmf: Sequence[float]) -> str | None:
    """What speaks against ``counts`` having been drawn from ``pmf``; ``None`` if nothing does.

    One true pmf in 10,000 is taken for a wrong one.
    """
    if any(count for count, p in zip(counts, pmf, strict=True) if p == 0.0):
        return "something with probability 0 was drawn"
    total = sum(counts)
    cells = _pooled([(count, p * total) for count, p in zip(counts, pmf, strict=True) if p > 0.0])
    statistic = math.fsum((count - expected) ** 2 / expected for count, expected in cells)
    limit = _limit(len(cells) - 1)
    return None if statistic <= limit else f"χ² = {statistic:.1f} is above {limit:.1f}"


def _pooled(cells: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """χ² needs five expected in every cell: rarer ones are counted together."""
    cells = sorted(cells, key=lambda cell: cell[1])
    while len(cells) > 1 and cells[0][1] < LEAST_EXPECTED:
        first, second, *rest = cells
        cells = sorted([(first[0] + second[0], first[1] + second[1]), *rest], key=lambda cell: cell[1])
    return cells


def _limit(freedom: int) -> float:
    """The upper quantile of χ², by Wilson and Hilferty's approximation (1931)."""
    if freedom == 0:
        return 1e-9
    spread = 2.0 / (9.0 * freedom)
    return float(freedom * (1.0 - spread + NormalDist().inv_cdf(1.0 - SIGNIFICANCE) * math.sqrt(spread)) ** 3)
