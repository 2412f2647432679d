"""The plainest world to learn: log-odds of clicks are linear in the context, by weights of each action's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from engine.types import Candidate
from simulator.worlds.world import Round

MADE_AT_ONCE = 1_024
SECOND_US = 1_000_000


class LogisticWorld:
    """Contexts are independent standard normal numbers; every action is always there and is known by its id alone.

    Args:
        actions: how many.
        features: of the context.
        sharpness: standard deviation of a click's log-odds: what there is to learn.
        base: log-odds of a click in the middle of the contexts.
        seed: of the weights; runs have their own.
    """

    name = "logistic"
    reward_range = (0.0, 1.0)
    check_params: ClassVar[Sequence[Mapping[str, Any]]] = ({}, {"actions": 2, "features": 3, "sharpness": 0.5})

    def __init__(
        self, actions: int = 10, features: int = 10, sharpness: float = 2.0, base: float = -1.0, seed: int = 0
    ) -> None:
        self.actions = actions
        self.features = features
        self.sharpness = sharpness
        self.base = base
        self.seed = seed
        weights = np.random.default_rng(seed).normal(size=(features, actions))
        self._weights = weights * (sharpness / np.sqrt(features))
        self._names = [f"x{n}" for n in range(features)]
        self._candidates = tuple(Candidate(f"a{n}", f"a{n}", {f"id=a{n}": 1.0}) for n in range(actions))

    def play(self, count: int, seed: int) -> LogisticPlay:
        """See ``World.play``."""
        return LogisticPlay(self, count, seed)

    def rounds(self, count: int, seed: int) -> Iterator[Round]:
        """What a play gives, one second apart."""
        rng = np.random.default_rng([self.seed, seed])
        for start in range(0, count, MADE_AT_ONCE):
            context = rng.normal(size=(MADE_AT_ONCE, self.features))
            chance = 1.0 / (1.0 + np.exp(-(self.base + context @ self._weights)))
            clicks = (rng.random(chance.shape) < chance).astype(np.float64)
            columns = zip(context.tolist(), chance.tolist(), clicks.tolist(), strict=True)
            for number, (values, expected, rewards) in zip(range(start, count), columns, strict=False):
                shared, earned = dict(zip(self._names, values, strict=True)), tuple(rewards)
                time_us = number * SECOND_US
                yield Round(number, time_us, f"u{number}", shared, self._candidates, tuple(expected), earned, earned)


class LogisticPlay:
    """One run; its users do not remember."""

    def __init__(self, world: LogisticWorld, count: int, seed: int) -> None:
        self._world = world
        self._count = count
        self._seed = seed

    def __iter__(self) -> Iterator[Round]:
        """See ``Play.__iter__``."""
        return self._world.rounds(self._count, self._seed)

    def shown(self, round: Round, index: int) -> None:
        """See ``Play.shown``."""
