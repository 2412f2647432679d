"""What policies over one Bayesian ridge regression an arm have in common; they differ in how they explore."""

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
from engine.policies.second_order.context import ContextMaker
from engine.policies.second_order.ridge import RidgeArms
from engine.policies.second_order.rows import MOST_ARMS, ArmRows
from engine.types import Candidate, TrainingExample

SLOTS = 128
Vector = NDArray[np.float64]


class OverRidge(PersistentPolicy):
    """Forecasts rewards from the context alone, each arm for itself: action features count nothing.

    A subclass writes ``_explore``.
    """

    def __init__(self, prior: float, floor: float, max_actions: int) -> None:
        check_positive(prior=prior, max_actions=max_actions)
        check_share(floor=floor)
        self.prior = prior
        self.floor = floor
        self.max_actions = max_actions
        self._contexts = ContextMaker(SLOTS)
        self._rows = ArmRows(max(MOST_ARMS, max_actions))
        self._arms = RidgeArms(prior)
        self._learned = 0

    @abstractmethod
    def _explore(self, means: Vector, deviations: Vector) -> Vector:
        """The pmf before the floor, of forecasts and their standard deviations, shapes (K,)."""

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        check_question(shared, candidates, self.max_actions)
        context, rows = self._contexts.make(shared), self._rows.find([candidate.id for candidate in candidates])
        deviations = np.sqrt(self._arms.variances(context, rows))
        return exact_pmf(self._explore(self._arms.means(context, rows, 0.0), deviations), self.floor)

    def _learn(self, example: TrainingExample) -> float:
        """The loss is the squared error of the forecast."""
        check_example(example, self.max_actions)
        self._contexts.observe(example.shared)
        context, id = self._contexts.make(example.shared), example.candidates[example.chosen].id
        forecast = float(self._arms.means(context, self._rows.find([id]), 0.0)[0])
        self._arms.learn(context, *self._rows.claim(id), example.reward)
        self._learned += 1
        return (forecast - example.reward) ** 2

    @property
    def _parts(self) -> list[Part]:
        return [self._contexts.part, self._rows.part, self._arms.part, Part(arrays=(np.array([self._learned]),))]

    def _restore(self, parts: Sequence[Part]) -> None:
        contexts, rows, arms, own = parts
        self._contexts.restore(contexts)
        self._rows.restore(rows)
        self._arms.restore(arms)
        self._learned = int(own.arrays[0][0])
