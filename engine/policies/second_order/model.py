"""What is known of rewards: forecasts of four regressions made one, with its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import SnapshotError
from engine.policies.learned_state import Part
from engine.policies.second_order.alarm import DriftAlarm
from engine.policies.second_order.context import Context, ContextMaker, Places
from engine.policies.second_order.described import any_described
from engine.policies.second_order.diagonal import DiagonalArms
from engine.policies.second_order.mix import Mix
from engine.policies.second_order.posterior import Matrix, Vector
from engine.policies.second_order.ridge import RidgeArms
from engine.policies.second_order.rows import ArmRows
from engine.policies.second_order.shared import SharedRidge
from engine.types import Candidate

STRONGER = 10.0
PAIRS_PER_SLOT = 1.5
KEPT_AT_ALARM = 0.05
LEVEL_SHARE = 0.5
"""How much of the mean reward an arm that nobody tried is believed to earn."""
SHARED_WIDTH = 10.0 / 7.0
TEXT_WIDTH = 5.0 / 7.0
_PARTS = 8


class Arms(Protocol):
    """A regression an arm; arms are told apart by their rows."""

    def means(self, context: Context, rows: Places, level: float) -> Vector:
        """The forecast reward of the arm in each row, shape (K,)."""
        ...

    def learn(self, context: Context, row: int, fresh: bool, reward: float) -> None:
        """One observation of the arm in a row, cleared before if it is ``fresh``."""
        ...

    def soften(self, kept: float) -> None:
        """Become as uncertain as if only this share of everything had been seen; forecasts stay."""
        ...

    @property
    def part(self) -> Part:
        """Everything that was learned."""
        ...

    def restore(self, part: Part) -> None:
        """Go on from what ``part`` was."""
        ...


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the regressions say of K candidates.

    Attributes:
        means: the reward that their mix expects, shape (K,).
        members: the reward that each regression expects, shape (4, K); 0 where it has nothing to say.
        present: which regressions have something to say, shape (4,).
        trust: the mix's weight of the regression that all arms share.
        shared_variances: how uncertain that one is, shape (K,).
    """

    means: Vector
    members: Matrix
    present: NDArray[np.bool_]
    trust: float
    shared_variances: Vector


class Model:
    """Two ridges an arm with a weak and a strong prior, a diagonal one on pairs or text, and one that all arms share.

    The uncertainty is the weak ridge's; the diagonal one's where contexts are text; the shared one's as far as the mix
    trusts it. It is tuned for little regret, not calibrated: no interval to show to anybody.
    """

    def __init__(self, prior: float, slots: int, alarm: float | None, most_arms: int) -> None:
        self._contexts = ContextMaker(slots)
        self._rows = ArmRows(most_arms)
        self._weak = RidgeArms(prior)
        self._strong = RidgeArms(prior * STRONGER)
        self._diagonal = DiagonalArms()
        self._shared = SharedRidge(int(slots * PAIRS_PER_SLOT))
        self._arms: tuple[Arms, ...] = (self._weak, self._strong, self._diagonal)
        self._mix = Mix(4)
        self._rewards = np.zeros(2)
        self.alarm = DriftAlarm(alarm)

    def forecast(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> tuple[Vector, Vector]:
        """The candidates' rewards, and their standard deviations for exploration, shapes (K,). Changes nothing."""
        context = self._contexts.make(shared)
        rows = self._rows.find([candidate.id for candidate in candidates])
        forecast = self._forecast(context, rows, candidates)
        own = self._own_deviations(context, rows)
        together = SHARED_WIDTH * np.sqrt(forecast.shared_variances)
        return forecast.means, (1.0 - forecast.trust) * own + forecast.trust * together

    def learn(self, shared: Mapping[str, float], candidates: Sequence[Candidate], chosen: int, reward: float) -> float:
        """One observation; returns the squared error of the forecast made just before."""
        self._contexts.observe(shared)
        context, candidate = self._contexts.make(shared), candidates[chosen]
        before = self._forecast(context, self._rows.find([candidate.id]), [candidate])
        expected = min(1.0, max(0.0, float(before.means[0])))
        if self.alarm.observe(reward - expected):
            self._soften()
        self._mix.learn(before.members[:, 0], before.present, reward)
        row, fresh = self._rows.claim(candidate.id)
        for arms in self._arms:
            arms.learn(context, row, fresh, reward)
        if before.present[-1]:
            self._shared.learn(context, candidate, reward)
        self._rewards += (1.0, reward)
        return (reward - expected) ** 2

    @property
    def parts(self) -> list[Part]:
        """Everything that was learned."""
        own = Part(arrays=(self._mix.losses, self._rewards, self.alarm.numbers))
        learned = [arms.part for arms in self._arms]
        return [self._contexts.part, self._rows.part, *learned, *self._shared.parts, own]

    def restore(self, parts: Sequence[Part]) -> None:
        """Go on from what ``parts`` were. Raises ``SnapshotError`` if they are not of this shape."""
        if len(parts) != _PARTS:
            raise SnapshotError(f"{len(parts)} parts of a model that has {_PARTS}")
        contexts, rows, *learned, described, shared, own = parts
        self._contexts.restore(contexts)
        self._rows.restore(rows)
        for arms, part in zip(self._arms, learned, strict=True):
            arms.restore(part)
        self._shared.restore(described, shared)
        losses, rewards, alarm = (array.astype(np.float64) for array in own.arrays)
        self._mix.restore(losses)
        self._rewards = rewards
        self.alarm.restore(alarm)

    @property
    def _level(self) -> float:
        count, total = self._rewards.tolist()
        return LEVEL_SHARE * total / count if count else 0.0

    def _forecast(self, context: Context, rows: Places, candidates: Sequence[Candidate]) -> Forecast:
        members = np.zeros((4, len(rows)))
        for index, arms in enumerate(self._arms):
            members[index] = arms.means(context, rows, self._level)
        present = np.array([True, True, True, any_described(candidates)])
        weights = self._mix.weights(present)
        variances = np.zeros(len(rows))
        if present[-1]:
            members[-1], variances = self._shared.means_and_variances(context, candidates, self._level)
        return Forecast(np.einsum("m,mk->k", weights, members), members, present, float(weights[-1]), variances)

    def _own_deviations(self, context: Context, rows: Places) -> Vector:
        if context.wide:
            return TEXT_WIDTH * np.sqrt(self._diagonal.variances(context, rows))
        return np.sqrt(self._weak.variances(context, rows))

    def _soften(self) -> None:
        self._mix.forget()
        for arms in self._arms:
            arms.soften(KEPT_AT_ALARM)
        self._shared.soften(KEPT_AT_ALARM)
