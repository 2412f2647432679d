"""When a policy hears of what it has shown: rewards come late, or never."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from engine.policies.base import Policy
from engine.types import TrainingExample
from simulator.worlds.world import Round

UNHEARD = 0.0
"""What nothing ever came of counts as, in the world's units, as soon as the round's delay is over."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From a world's rewards to the [0, 1] that policies learn from; what lies outside its range is clipped."""

    low: float
    high: float

    def __call__(self, reward: float) -> float:
        """The reward as a part of the range."""
        return min(1.0, max(0.0, (reward - self.low) / (self.high - self.low)))


@dataclass(slots=True)
class Hearing:
    """Teaches a policy what was shown, in the order in which it hears of it."""

    policy: Policy
    scale: Scale
    _pending: list[tuple[int, int, TrainingExample]] = field(default_factory=list)

    def until(self, time_us: int) -> None:
        """Learn all that is heard of up to then; what was heard at one time in the order in which it was shown."""
        while self._pending and self._pending[0][0] <= time_us:
            self.policy.learn(heapq.heappop(self._pending)[2])

    def shown(self, round: Round, index: int, propensity: float) -> None:
        """It will be heard of in its time; at once where there is no delay."""
        told = round.told[index]
        reward = self.scale(UNHEARD if told is None else told)
        example = TrainingExample(round.shared, round.candidates, index, propensity, reward)
        if round.delay_us:
            heapq.heappush(self._pending, (round.time_us + round.delay_us, round.number, example))
        else:
            self.policy.learn(example)
