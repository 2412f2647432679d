"""Many policies against one reference; two policies, segment by segment or day by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import NotEvaluable
from simulator.compare.difference import CONFIDENCE, Difference, Target, difference
from simulator.compare.holm import holm
from simulator.ope.base import Estimator


@dataclass(frozen=True, slots=True)
class Part:
    """The difference in one part of the log: a segment, a day.

    Attributes:
        difference: ``None`` where it is not evaluable, for the ``reason`` given.
    """

    label: str
    decisions: int
    difference: Difference | None
    reason: str | None = None


def against(
    reference: Target,
    policies: Sequence[Target],
    estimator: Estimator,
    *,
    units: NDArray[np.int64] | None = None,
    confidence: float = CONFIDENCE,
) -> list[Difference]:
    """Each policy against the reference, p-values adjusted for how many there are. Raises like ``difference``."""
    found = [difference(each, reference, estimator, units=units, confidence=confidence) for each in policies]
    return holm(found)


def by_part(
    policy: Target,
    reference: Target,
    estimator: Estimator,
    labels: NDArray[np.str_] | NDArray[np.datetime64],
    *,
    units: NDArray[np.int64] | None = None,
    confidence: float = CONFIDENCE,
) -> list[Part]:
    """The difference in each part of the rows, p-values adjusted for how many there are; parts in order.

    Args:
        labels: each row's segment, or its day (as ``datetime64[D]``).
    """
    masks = [(str(label), labels == label) for label in np.unique(labels)]
    parts = [
        _part(label, policy.among(mask), reference.among(mask), estimator, _of(units, mask), confidence)
        for label, mask in masks
    ]
    return _adjusted(parts)


def _part(
    label: str,
    policy: Target,
    reference: Target,
    estimator: Estimator,
    units: NDArray[np.int64] | None,
    confidence: float,
) -> Part:
    try:
        found = difference(policy, reference, estimator, units=units, confidence=confidence)
    except NotEvaluable as why:
        return Part(label, len(policy.rows), None, str(why))
    return Part(label, len(policy.rows), found)


def _adjusted(parts: Sequence[Part]) -> list[Part]:
    adjusted = iter(holm([part.difference for part in parts if part.difference is not None]))
    return [part if part.difference is None else Part(part.label, part.decisions, next(adjusted)) for part in parts]


def _of(units: NDArray[np.int64] | None, mask: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    return None if units is None else units[mask]
