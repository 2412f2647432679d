"""The seam between a world whose truth is known and whoever runs policies in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from engine.types import Candidate


@dataclass(frozen=True, slots=True)
class Round:
    """One decision to be made, and what each answer to it would earn.

    All candidates' rewards are drawn at once from the world's own stream: whoever chooses, and in whatever order
    policies are run, the same candidate of the same round earns the same (common random numbers).

    Attributes:
        time_us: when it is asked, microseconds since 1970; never before the round before.
        unit: whose decision it is.
        shared: encoded context.
        expected: exact mean reward of each candidate, in the world's units.
        rewards: what each candidate really earns this time.
        told: what would be heard of it: ``rewards`` themselves, unless somebody lies; ``None`` if nothing ever comes.
        delay_us: how long after the decision it is heard.
        segment: a part of the users, to be looked at by itself.
    """

    number: int
    time_us: int
    unit: str
    shared: Mapping[str, float]
    candidates: tuple[Candidate, ...]
    expected: tuple[float, ...]
    rewards: tuple[float, ...]
    told: tuple[float | None, ...]
    delay_us: int = 0
    segment: str = ""


class Play(Protocol):
    """One run through a world, round by round; what is shown in a round may change those that follow."""

    def __iter__(self) -> Iterator[Round]:
        """The rounds, each made when it is asked for."""
        ...

    def shown(self, round: Round, index: int) -> None:
        """Which candidate of the newest round was shown. Worlds whose users do not remember ignore it."""
        ...


class World(Protocol):
    """A source of rounds. Its parameters are its constructor's."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    @property
    def reward_range(self) -> tuple[float, float]:
        """Least and greatest reward that there can be, in the world's units."""
        ...

    def play(self, count: int, seed: int) -> Play:
        """At most ``count`` rounds. The same count, seed and answers give the same rounds.

        A longer play begins like a shorter one, unless the world has an attribute ``depends_on_count`` that is true.
        """
        ...
