"""What does not stay as it is while a world is played."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Changes:
    """How much changes; nothing, if all are 0.

    Attributes:
        drift: how far tastes turn during a run; 1 by 40 degrees.
        season: log-odds by which the best hour of a week exceeds its mean.
        turnover: the part of the actions that come during a run, and of those that go, in [0, 0.5].
        fatigue: log-odds that an action loses for each of the user's newest decisions that showed it.

    Raises:
        ConfigError: one of them is below 0, or more than half of the actions would come.
    """

    drift: float = 1.0
    season: float = 0.0
    turnover: float = 0.0
    fatigue: float = 0.0

    def __post_init__(self) -> None:
        for name in ("drift", "season", "turnover", "fatigue"):
            if not getattr(self, name) >= 0.0:
                raise ConfigError(f"{name}: expected a number, 0 or more, found {getattr(self, name)}")
        if self.turnover > 0.5:
            raise ConfigError(f"turnover: expected at most half of the actions, found {self.turnover}")
