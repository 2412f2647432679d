"""A randomised experiment as a world whose truth is known: its users come again, by a law that was fitted on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from simulator.worlds.fitted_arms import fitted_arms
from simulator.worlds.stamp import stamp_of
from simulator.worlds.world import Round

MADE_AT_ONCE = 1_024
SECOND_US = 1_000_000
_DRAWS = 12
"""A stream of random numbers under one seed; other worlds have those before."""


class ExperimentWorld:
    """Each round one of the experiment's users is drawn, with replacement; every arm's reward is drawn from the law.

    The users and how they differ are real, and so is what each arm earns on average; how arms differ from user to user
    is what a logistic regression an arm makes of it.

    Args:
        path: a CSV with a header, perhaps gzipped: a row a user.
        mapping: the YAML that says how it is to be read; see ``simulator.logged.mapping``.
        metric: of the mapping; its first, if empty.

    Raises:
        ConfigError: the mapping is none, or has no such metric.
        LogRefused: the file is not what the mapping says; the message names line and column.
    """

    name = "experiment"
    check_params: ClassVar[Sequence[Mapping[str, Any]]] = ()

    def __init__(self, path: str, mapping: str, metric: str = "") -> None:
        self.path = path
        self.mapping = mapping
        self.metric = metric
        self.law = fitted_arms(stamp_of(path), stamp_of(mapping), metric)

    def __reduce__(self) -> tuple[type[ExperimentWorld], tuple[Any, ...]]:
        """Other processes read the files themselves."""
        return ExperimentWorld, (self.path, self.mapping, self.metric)

    @property
    def reward_range(self) -> tuple[float, float]:
        """See ``World.reward_range``."""
        return self.law.reward_range

    def play(self, count: int, seed: int) -> ExperimentPlay:
        """See ``World.play``."""
        return ExperimentPlay(self, count, seed)

    def rounds(self, count: int, seed: int) -> Iterator[Round]:
        """What a play gives, one second apart."""
        law, rng = self.law, np.random.default_rng([seed, _DRAWS])
        shape = (MADE_AT_ONCE, len(law.candidates))
        for start in range(0, count, MADE_AT_ONCE):
            users = rng.integers(len(law.contexts), size=MADE_AT_ONCE)
            comes, luck = rng.random(shape) < law.chances[users], rng.random(shape)
            amounts = np.column_stack([arm.drawn(own) for arm, own in zip(law.amounts, luck.T, strict=True)])
            rows = zip(users.tolist(), law.expected[users].tolist(), (comes * amounts).tolist(), strict=True)
            for number, (user, expected, rewards) in zip(range(start, count), rows, strict=False):
                earned = tuple(rewards)
                yield Round(
                    number=number,
                    time_us=number * SECOND_US,
                    unit=f"u{number}",
                    shared=law.contexts[user],
                    candidates=law.candidates,
                    expected=tuple(expected),
                    rewards=earned,
                    told=earned,
                )


class ExperimentPlay:
    """One run; nobody who comes again remembers."""

    def __init__(self, world: ExperimentWorld, count: int, seed: int) -> None:
        self._world = world
        self._count = count
        self._seed = seed

    def __iter__(self) -> Iterator[Round]:
        """See ``Play.__iter__``."""
        return self._world.rounds(self._count, self._seed)

    def shown(self, round: Round, index: int) -> None:
        """See ``Play.shown``."""
