"""Decisions as a reward model sees them: contexts, and every candidate of every decision, in flat arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import NotEvaluable
from simulator.ope.narrow import Matrix

Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """Decisions with any number of candidates each.

    Attributes:
        context: (n, features of the context), sparse or dense.
        offsets: n + 1 places; the candidates of row i are ``offsets[i]:offsets[i + 1]`` of the flat arrays.
        action: code of each candidate's action, 0, 1, …; the same code for the same action id.
        chosen: which of the row's candidates was chosen, from 0.
        features: (candidates, features of actions); ``None`` if actions have none.

    Raises:
        NotEvaluable: a row without candidates, or a chosen one that is not among them.
    """

    context: Matrix
    offsets: Codes
    action: Codes
    chosen: Codes
    features: Matrix | None = None

    def __post_init__(self) -> None:
        counts = np.diff(self.offsets)
        if len(self.chosen) != len(counts) or self.context.shape[0] != len(counts):
            raise NotEvaluable("contexts, candidates and choices are of different numbers of decisions")
        if len(counts) and int(counts.min()) < 1:
            raise NotEvaluable(f"row {int(counts.argmin())} has no candidates")
        outside = np.flatnonzero((self.chosen < 0) | (self.chosen >= counts))
        if len(outside):
            raise NotEvaluable(f"row {int(outside[0])} chose none of its candidates")

    @classmethod
    def alike(cls, context: Matrix, actions: int, chosen: Codes) -> Choices:
        """Decisions that all had the same candidates, in the same order."""
        n = context.shape[0]
        return cls(context, np.arange(n + 1) * actions, np.tile(np.arange(actions), n), np.asarray(chosen))

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def place(self) -> Codes:
        """Where the chosen candidates are in the flat arrays."""
        return self.offsets[:-1] + self.chosen

    @property
    def row(self) -> Codes:
        """The row of each candidate."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def take(self, rows: NDArray[np.int64]) -> Choices:
        """These rows, in this order."""
        counts = np.diff(self.offsets)[rows]
        flat = self.flat(rows)
        features = None if self.features is None else self.features[flat]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        return Choices(self.context[rows], offsets, self.action[flat], self.chosen[rows], features)

    def flat(self, rows: NDArray[np.int64]) -> Codes:
        """Places of all candidates of these rows."""
        counts = np.diff(self.offsets)[rows]
        starts = np.repeat(self.offsets[:-1][rows] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
        return starts + np.arange(int(counts.sum()))

    def mean_over(self, pmf: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Per row the mean of ``values`` over its candidates, with the flat probabilities ``pmf``."""
        return np.add.reduceat(pmf * values, self.offsets[:-1]) if len(self) else np.zeros(0)
