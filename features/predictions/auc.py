"""How often somebody of whom it came true was ranked above somebody of whom it did not, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from scipy.stats import rankdata

from features.predictions.table import Floats

Z95 = 1.959963984540054


class Auc(msgspec.Struct, frozen=True, kw_only=True):
    """Area under the ROC curve with its 95 % interval (DeLong, DeLong and Clarke-Pearson 1988)."""

    value: float
    low: float
    high: float


class Areas(NamedTuple):
    """AUCs of several scores for the same rows, and their covariances."""

    values: Floats
    covariance: Floats


def areas_of(happened: Floats, scores: Sequence[Floats]) -> Areas:
    """By mid-ranks (Sun and Xu 2014): n log n. ``happened`` is 0 or 1 and has both."""
    yes = happened == 1
    placements = [_placements(score, yes) for score in scores]
    inside = np.array([each[0] for each in placements])
    outside = np.array([each[1] for each in placements])
    covariance = np.atleast_2d(np.cov(inside)) / yes.sum() + np.atleast_2d(np.cov(outside)) / (~yes).sum()
    return Areas(inside.mean(axis=1), covariance)


def auc_of(happened: Floats, score: Floats) -> Auc:
    """Of one score."""
    areas = areas_of(happened, [score])
    value, margin = float(areas.values[0]), Z95 * float(np.sqrt(areas.covariance[0, 0]))
    return Auc(value=value, low=max(0.0, value - margin), high=min(1.0, value + margin))


def standard_error_of_difference(areas: Areas) -> float:
    """Of the first AUC from the second one."""
    return float(np.sqrt(max(0.0, np.array([1, -1]) @ areas.covariance @ np.array([1, -1]))))


def _placements(score: Floats, yes: np.typing.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """For each row of either kind, the share of the other kind that it is on the right side of."""
    among_all = rankdata(score)
    inside = (among_all[yes] - rankdata(score[yes])) / (~yes).sum()
    outside = 1 - (among_all[~yes] - rankdata(score[~yes])) / yes.sum()
    return inside, outside
