"""What policies have in common that look at each arm's mean reward and at nothing else."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.policies.counts import exact_pmf
from engine.policies.learned_state import Part
from engine.policies.parameters import check_positive, check_share
from engine.policies.persistent import PersistentPolicy
from engine.policies.safe_example import check_example, check_question
from engine.policies.second_order.rows import UNKNOWN, ArmRows
from engine.types import Candidate, TrainingExample

MOST_ARMS = 10_000
Vector = NDArray[np.float64]


class ByArm(PersistentPolicy):
    """Counts plays and rewards; the context counts nothing. A subclass writes ``_explore``."""

    def __init__(self, floor: float, max_actions: int) -> None:
        check_share(floor=floor)
        check_positive(max_actions=max_actions)
        self.floor = floor
        self.max_actions = max_actions
        self._arms = ArmRows(max(MOST_ARMS, max_actions))
        self._sums: NDArray[np.float64] = np.zeros((0, 2))

    @abstractmethod
    def _explore(self, plays: Vector, rewards: Vector) -> Vector:
        """The pmf before the floor, of each candidate's plays and sum of rewards, shapes (K,)."""

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        check_question(shared, candidates, self.max_actions)
        sums = self._of([candidate.id for candidate in candidates])
        return exact_pmf(self._explore(sums[:, 0], sums[:, 1]), self.floor)

    def _learn(self, example: TrainingExample) -> float:
        """The loss is the squared error of the arm's mean reward."""
        check_example(example, self.max_actions)
        id = example.candidates[example.chosen].id
        plays, rewards = self._of([id])[0].tolist()
        row, fresh = self._arms.claim(id)
        if row == len(self._sums):
            self._sums = np.concatenate([self._sums, np.zeros((1, 2))])
        if fresh:
            self._sums[row] = 0.0
        self._sums[row] += (1.0, example.reward)
        return float((rewards / max(plays, 1.0) - example.reward) ** 2)

    def _of(self, ids: Sequence[str]) -> NDArray[np.float64]:
        """Plays and sum of rewards of each arm, shape (K, 2)."""
        rows = self._arms.find(ids)
        sums = np.zeros((len(ids), 2))
        known = rows != UNKNOWN
        sums[known] = self._sums[rows[known]]
        return sums

    @property
    def _parts(self) -> list[Part]:
        return [self._arms.part, Part(arrays=(self._sums,))]

    def _restore(self, parts: Sequence[Part]) -> None:
        arms, own = parts
        self._arms.restore(arms)
        self._sums = own.arrays[0].astype(np.float64)
