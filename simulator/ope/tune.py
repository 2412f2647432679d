"""Parameters chosen from the data, with all candidates shown.

Y. Su, P. Srinath, A. Krishnamurthy, "Adaptive estimator selection for off-policy evaluation", ICML (2020), with the
narrower test of G. Tucker, J. Lee, "Improved estimator selection for off-policy evaluation" (2021).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import NotEvaluable
from simulator.ope import registry
from simulator.ope.base import Estimator, standard_error
from simulator.ope.evaluated import Array, Evaluated

CONFIDENCE = 0.9
"""One-sided, of the width of each candidate's interval."""
QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
"""Of the rows' ratios: where the candidates lie, beside no bound at all."""
_NARROWER = math.sqrt(6.0) - 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One value of the parameter. ``width`` is half of its interval; ``consistent`` whether it was within reach of all
    the wider ones, so that what it loses to bias cannot be seen."""

    parameter: float
    value: float
    width: float
    consistent: bool


@dataclass(frozen=True, slots=True)
class Tuned:
    """An estimator with its chosen parameter.

    Attributes:
        candidates: all that were compared, the widest first; the chosen one is the last consistent one. Widths compare
            candidates with each other; around a value that was chosen for its narrowness they are no interval.
    """

    estimator: Estimator
    parameter: str
    chosen: Candidate
    candidates: tuple[Candidate, ...]

    def __str__(self) -> str:
        chosen = f"{self.estimator.name} with {self.parameter}={self.chosen.parameter:.4g}"
        return f"{chosen}: {self.chosen.value:.4f} ± {self.chosen.width:.4f}, of {len(self.candidates)} candidates"


def tuned(name: str, batch: Evaluated, grid: Sequence[float] | None = None) -> Tuned:
    """The estimator of this name with the parameter that has the narrowest interval of those that agree.

    Candidates are taken from the widest interval (the least biased) to the narrowest; the first that is farther from
    an earlier one than both widths allow shows a bias, and the one before it is chosen.

    Args:
        grid: values of the parameter; quantiles of what the parameter bounds if not given.

    Raises:
        NotEvaluable: the estimator has nothing to choose, or no rows.
    """
    parameter = registry.build(name).tuned
    if parameter is None:
        raise NotEvaluable(f"{name} has no parameter to choose")
    if len(batch) < 2:
        raise NotEvaluable(f"a parameter cannot be chosen from {len(batch)} rows")
    tried = [_tried(name, parameter, value, batch) for value in grid or default_grid(name, batch.ratio)]
    candidates = _judged(sorted(tried, key=lambda each: -each.width))
    chosen = [each for each in candidates if each.consistent][-1]
    return Tuned(registry.build(name, **{parameter: chosen.parameter}), parameter, chosen, candidates)


def default_grid(name: str, ratio: Array) -> list[float]:
    """No bound, and bounds at quantiles of the rows' ratios; shrinkage is of the ratio's square."""
    bounds = np.unique(np.quantile(ratio[ratio > 0.0], QUANTILES)) if (ratio > 0.0).any() else np.zeros(0)
    return [math.inf, *(bounds * bounds if registry.build(name).tuned == "shrinkage" else bounds).tolist()]


def _tried(name: str, parameter: str, value: float, batch: Evaluated) -> Candidate:
    from scipy.special import stdtrit  # slow to import

    estimator = registry.build(name, **{parameter: value})
    sums = estimator.sums(batch)
    error = standard_error(estimator.influence(batch, sums))
    width = float(stdtrit(len(batch) - 1, CONFIDENCE)) * error
    return Candidate(value, estimator.point(sums), width, consistent=True)


def _judged(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Consistent until the first that is not."""
    judged: list[Candidate] = []
    for each in candidates:
        agrees = all(
            earlier.consistent and abs(earlier.value - each.value) <= each.width + _NARROWER * earlier.width
            for earlier in judged
        )
        judged.append(Candidate(each.parameter, each.value, each.width, agrees))
    return tuple(judged)
