"""A randomised experiment as it was logged: who was shown which arm, how probable that was, what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from features.schema import FeatureSpec
from features.vector import Scalar
from simulator.logged.mapping import ArmSpec, LogMapping


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm as an action: its id, and its label in the file."""

    id: str
    label: str
    spec: ArmSpec


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """One user of the experiment.

    Attributes:
        arm: id of the arm that was really shown.
        propensity: with which probability it was drawn, in (0, 1].
        features: what was known about the user, by feature name.
        metrics: what came of it, by metric.
    """

    user_id: str
    arm: str
    propensity: float
    features: Mapping[str, Scalar]
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a row cannot be used."""

    line: int
    column: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.column}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Experiment:
    """Every usable row of a file, and why the others are not.

    Attributes:
        features: one declaration a column, with the range that its rows have.
        ranges: metric → least and greatest value there can be.
    """

    mapping: LogMapping
    arms: tuple[Arm, ...]
    features: tuple[FeatureSpec, ...]
    ranges: Mapping[str, tuple[float, float]]
    rows: tuple[LoggedRow, ...]
    faults: tuple[RowFault, ...]

    @property
    def baseline(self) -> Arm:
        """The arm of business as usual."""
        wanted = self.mapping.baseline
        return next((arm for arm in self.arms if arm.label == wanted), self.arms[0])

    def uniform_value(self, metric: str) -> float:
        """Mean of the metric had every arm been equally probable: over all rows, each with weight 1 / propensity."""
        return _weighted(self.rows, metric)

    def arm_values(self, metric: str) -> dict[str, float]:
        """Arm → mean of the metric had it always been shown; NaN for one that never was."""
        by_arm: dict[str, list[LoggedRow]] = {arm.id: [] for arm in self.arms}
        for row in self.rows:
            by_arm[row.arm].append(row)
        return {arm: _weighted(rows, metric) for arm, rows in by_arm.items()}


def _weighted(rows: Iterable[LoggedRow], metric: str) -> float:
    pairs = np.array([(row.metrics[metric], 1.0 / row.propensity) for row in rows]).reshape(-1, 2)
    return float(np.average(pairs[:, 0], weights=pairs[:, 1])) if len(pairs) else float("nan")
