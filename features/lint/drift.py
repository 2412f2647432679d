"""Whether the values of late are others than before: the population stability index of two halves of a sample.

If nothing changes, PSI / (1/n₁ + 1/n₂) is chi-square distributed with one degree of freedom less than there are bins
(B. Yurdakul, "Statistical Properties of Population Stability Index", 2018). That, and not a fixed figure alone, tells
which PSI is no chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from features.lint.finding import Figures, Finding, found
from features.lint.sample import NOT_ASKED, Column, Sample
from features.vector import Scalar

LEAST_PEOPLE = 100
"""In each half."""
PRACTICAL = 0.1
"""A smaller PSI is of no consequence, however sure."""
FALSE_ALARMS = 0.001
"""So often somebody is alarmed, by any feature of a sample, though nothing has changed."""
BINS = 10
LEAST_IN_BIN = 10
NOT_KNOWN = "not known"


class Stability(NamedTuple):
    """How two samples differ, and how much they may."""

    psi: float
    threshold: float
    bins: int


def of_drift(sample: Sample, own_views: frozenset[str]) -> Iterator[Finding]:
    """Findings among what policies see of the world.

    What the service itself writes moves with what it does, and what is computed with its inputs and the clock: both
    are left out. So are all decisions of a person in a half but the first, since they are not independent.

    Args:
        own_views: those that the service itself writes.
    """
    looked_at = [
        each
        for each in sample.listed
        if each.is_seen and each.view.kind != "derived" and each.view.name not in own_views
    ]
    for each in looked_at:
        before, since = _halves(sample.columns[each.name])
        if min(len(before), len(since)) < LEAST_PEOPLE:
            continue
        stability = stability_of(before, since, FALSE_ALARMS / len(looked_at))
        if stability.psi > stability.threshold:
            evidence: Figures = {
                "psi": round(stability.psi, 3),
                "threshold": round(stability.threshold, 3),
                "bins": stability.bins,
                "people before": len(before),
                "people since": len(since),
            }
            yield found("drift", each.name, evidence, "see what fills it; if the world changed, the model learns it")


def stability_of(before: Sequence[Scalar], since: Sequence[Scalar], alpha: float) -> Stability:
    """PSI of two samples, and what it stays below with probability 1 - ``alpha`` if nothing has changed."""
    counts = _binned(before, since)
    bins, spread = len(counts), 1.0 / len(before) + 1.0 / len(since)
    shares = (counts + 0.5) / (counts.sum(axis=0) + 0.5 * bins)
    psi = float(np.sum((shares[:, 1] - shares[:, 0]) * np.log(shares[:, 1] / shares[:, 0])))
    by_chance = float(chi2.ppf(1.0 - alpha, bins - 1)) * spread if bins > 1 else 0.0
    return Stability(psi, max(PRACTICAL, by_chance), bins)


def _halves(column: Column) -> tuple[list[Scalar], list[Scalar]]:
    asked = np.flatnonzero(column.knowledge != NOT_ASKED)
    middle = len(asked) // 2
    return _first_of_each(column, asked[:middle]), _first_of_each(column, asked[middle:])


def _first_of_each(column: Column, places: npt.NDArray[np.intp]) -> list[Scalar]:
    _, firsts = np.unique(column.units[places], return_index=True)
    chosen = places[firsts]
    return [
        value if known else NOT_KNOWN
        for value, known in zip(column.values[chosen], column.is_known[chosen], strict=True)
    ]


def _binned(before: Sequence[Scalar], since: Sequence[Scalar]) -> npt.NDArray[np.float64]:
    """Bin → how many before, how many since; what is rare shares a bin."""
    edges = _edges([float(value) for value in (*before, *since) if not isinstance(value, str)])
    each = [Counter(_bin_of(value, edges) for value in values) for values in (before, since)]
    together = each[0] + each[1]
    common = [name for name, count in together.most_common(2 * BINS) if count >= LEAST_IN_BIN]
    rows = [[count[name] for count in each] for name in common]
    rest = [len(values) - sum(row[half] for row in rows) for half, values in enumerate((before, since))]
    return np.array([*rows, rest] if sum(rest) >= LEAST_IN_BIN or not rows else rows, np.float64)


def _edges(numbers: Sequence[float]) -> npt.NDArray[np.float64]:
    """Quantiles of both halves together: where they lie does not depend on which half a number is in."""
    return np.unique(np.quantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1])) if numbers else np.empty(0)


def _bin_of(value: Scalar, edges: npt.NDArray[np.float64]) -> Scalar:
    return value if isinstance(value, str) else int(np.searchsorted(edges, float(value), side="left"))
