"""What an estimator sees of a log: per row, numbers about the chosen action only."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import NotEvaluable

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """Rows of a log, and what a target policy and a reward model say of them; float64 arrays of one length.

    No array has a row per candidate, so decisions may differ in how many they had.

    Attributes:
        reward: of the chosen action.
        propensity: the logger's probability of the chosen action; in (0, 1].
        target: the target policy's probability of the chosen action; in [0, 1].
        forecast: the reward model's forecast for the chosen action; ``None`` without a model.
        baseline: the forecast averaged over the target's pmf; ``None`` without a model.
        keep: the probability with which the row came into the log; in (0, 1], ``None`` where all were kept.

    Raises:
        NotEvaluable: the arrays differ in length, or a number is not finite or not a probability.
    """

    reward: Array
    propensity: Array
    target: Array
    forecast: Array | None = None
    baseline: Array | None = None
    keep: Array | None = None

    def __post_init__(self) -> None:
        for name, values in self._columns():
            object.__setattr__(self, name, _column(name, values, len(self.reward)))
        _require_probabilities("propensity", self.propensity, positive=True)
        _require_probabilities("target", self.target, positive=False)
        if self.keep is not None:
            _require_probabilities("keep", self.keep, positive=True)
        if (self.forecast is None) != (self.baseline is None):
            raise NotEvaluable("a reward model gives both forecast and baseline")

    def __len__(self) -> int:
        return len(self.reward)

    def __getitem__(self, rows: slice | NDArray[Any]) -> Evaluated:
        """Some of the rows: a slice, a mask or indices."""
        return self._mapped(lambda values: values[rows])

    def blocks(self, rows: int) -> Iterator[Evaluated]:
        """The rows in order, ``rows`` at a time."""
        for start in range(0, len(self), rows):
            part = slice(start, start + rows)
            yield self._mapped(lambda values, part=part: values[part])

    @property
    def ratio(self) -> Array:
        """How much more probable the chosen action is under the target than under the logger."""
        return self.target / self.propensity

    @property
    def weight(self) -> Array:
        """The row's importance weight: its ratio, for every row that was not kept in its stead."""
        return self.ratio if self.keep is None else self.ratio / self.keep

    @property
    def decisions(self) -> Array:
        """Numbers that sum to how many decisions the rows stand for."""
        return np.array([float(len(self))]) if self.keep is None else 1.0 / self.keep

    @property
    def modelled(self) -> tuple[Array, Array]:
        """Forecast and baseline. Raises ``NotEvaluable`` without a reward model."""
        if self.forecast is None or self.baseline is None:
            raise NotEvaluable("there are no forecasts of a reward model")
        return self.forecast, self.baseline

    def counted(self, values: Array) -> Array:
        """``values``, counting once for every row of which this one was kept."""
        return values if self.keep is None else values / self.keep

    def _columns(self) -> Iterator[tuple[str, Array]]:
        for field in fields(self):
            values = getattr(self, field.name)
            if values is not None:
                yield field.name, values

    def _mapped(self, change: Any) -> Evaluated:
        """Changed column by column; what was checked is not checked again."""
        changed = object.__new__(Evaluated)
        for field in fields(self):
            values = getattr(self, field.name)
            object.__setattr__(changed, field.name, None if values is None else change(values))
        return changed


def concatenated(parts: list[Evaluated]) -> Evaluated:
    """The rows of all parts, in order. Raises ``NotEvaluable`` if only some have a model, or there is none."""
    if not parts:
        raise NotEvaluable("there are no rows")
    columns: dict[str, Array] = {}
    for field in fields(Evaluated):
        values = [getattr(part, field.name) for part in parts]
        if field.name == "keep" and any(each is not None for each in values):
            values = [np.ones(len(part)) if each is None else each for part, each in zip(parts, values, strict=True)]
        if any(each is None for each in values) != all(each is None for each in values):
            raise NotEvaluable(f"some parts have a {field.name}, some have not")
        if values[0] is not None:
            columns[field.name] = np.concatenate(values)
    return Evaluated(**columns)


def _column(name: str, values: ArrayLike, length: int) -> Array:
    column = np.ascontiguousarray(values, dtype=np.float64)
    if column.shape != (length,):
        raise NotEvaluable(f"{name} has shape {column.shape}, the rewards have {(length,)}")
    if length and not (math.isfinite(column.min()) and math.isfinite(column.max())):
        raise NotEvaluable(f"{name} of row {int(np.argmin(np.isfinite(column)))} is not a finite number")
    return column


def _require_probabilities(name: str, values: Array, *, positive: bool) -> None:
    if not len(values):
        return
    low, high = float(values.min()), float(values.max())
    if low < 0.0 or (positive and low == 0.0):
        wanted = "positive" if positive else "at least 0"
        raise NotEvaluable(f"{name} of row {int(values.argmin())} is {low}, and must be {wanted}")
    if high > 1.0 + 1e-9:
        raise NotEvaluable(f"{name} of row {int(values.argmax())} is {high}, more than 1")
