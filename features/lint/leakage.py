"""Whether a feature says what came of the decision, better than anything can that was known before it.

Measured by the area under the ROC curve: how often, of two decisions of a placement with a better and a worse reward,
the feature tells which is which.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.lint.finding import Figures, Finding, found
from features.lint.sample import Codes, Column, Flags, Sample
from features.predictions.auc import areas_of

BOUND = 0.9
"""What is known before tells less: bots' best features reach 0.6 to 0.8."""
SIGMAS = 3.3
"""So many standard errors the area has to be above it: by chance that is once in 2,000."""
LEAST_OF_EACH = 30
MEND = "load with rows only what was known at their event time, not what came of it"

Scores = npt.NDArray[np.float64]


class Foresight(NamedTuple):
    """How well something tells the better rewards, and how little it may be at least, given its sample."""

    auc: float
    least: float


def of_leakage(sample: Sample) -> Iterator[Finding]:
    """Findings among what policies see, placement by placement."""
    for code, placement in enumerate(sample.placement_names):
        here = (sample.placements == code) & ~np.isnan(sample.rewards)
        rewards = sample.rewards[here]
        if not len(rewards):
            continue
        better = rewards > rewards.mean()
        for each in sample.listed:
            if each.is_seen:
                yield from _told(each.name, placement, sample.columns[each.name], here, better)


def foresight(scores: Scores, better: Flags) -> Foresight | None:
    """Of numbers, whichever way round they tell it; ``None`` with too few of either kind."""
    good, bad = int(better.sum()), int((~better).sum())
    if min(good, bad) < LEAST_OF_EACH:
        return None
    areas = areas_of(better.astype(np.float64), [scores])
    area, error = float(areas.values[0]), math.sqrt(areas.covariance[0, 0])
    area = max(area, 1.0 - area)
    return Foresight(area, area - SIGMAS * error)


def scores_of(column: Column, here: Flags) -> dict[str, tuple[Flags, Scores]]:
    """What could tell the reward of these decisions: the value where it is known, and whether it is known at all."""
    known = column.is_known & here
    whether = column.is_asked & here
    scores = {"that it is known": (whether, column.is_known[whether].astype(np.float64))}
    values = column.values[known]
    if any(isinstance(value, str) for value in values):
        return scores
    return {"its value": (known, values.astype(np.float64)), **scores}


def by_category(values: npt.NDArray[np.object_], better: Flags, units: Codes) -> Scores:
    """Of each decision the share of better rewards among others with its value: of the people in the other half."""
    _, codes = np.unique(values.astype(str), return_inverse=True)
    half = units % 2
    scores = np.empty(len(values))
    for mine, other in ((half == 0, half == 1), (half == 1, half == 0)):
        total = np.bincount(codes[other], minlength=codes.max() + 1)
        good = np.bincount(codes[other], weights=better[other], minlength=codes.max() + 1)
        overall = float(better[other].mean()) if other.any() else 0.5
        scores[mine] = ((good + overall) / (total + 1.0))[codes[mine]]
    return scores


def _told(name: str, placement: str, column: Column, here: Flags, better: Flags) -> Iterator[Finding]:
    of_all = np.zeros(len(here), bool)
    of_all[here] = better
    scores = scores_of(column, here)
    known = column.is_known & here
    if "its value" not in scores and known.any():
        scores["its value"] = (known, by_category(column.values[known], of_all[known], column.units[known]))
    for what, (places, score) in scores.items():
        told = foresight(score, of_all[places])
        if told is not None and told.least > BOUND:
            evidence: Figures = {
                "placement": placement,
                "told by": what,
                "auc": round(told.auc, 3),
                "at least": round(told.least, 3),
                "bound": BOUND,
                "decisions": len(score),
            }
            yield found("leakage", name, evidence, MEND)
