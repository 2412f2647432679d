"""What is heard of what really happened: late, never, or not the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.errors import ConfigError

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Telling:
    """How rewards are told.

    Attributes:
        delay_s: mean of the delays, which are exponential; seconds.
        missing: the part of all rewards that nobody ever hears of.
        lying: the part of those that are heard of and say the opposite: the range's other end.

    Raises:
        ConfigError: a delay below 0, or parts that are none.
    """

    delay_s: float = 0.0
    missing: float = 0.0
    lying: float = 0.0

    def __post_init__(self) -> None:
        if not self.delay_s >= 0.0:
            raise ConfigError(f"delay_s: expected seconds, 0 or more, found {self.delay_s}")
        for name in ("missing", "lying"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigError(f"{name}: expected a part, from 0 to 1, found {getattr(self, name)}")

    def told(
        self, rewards: tuple[float, ...], ends: tuple[float, float], rng: np.random.Generator
    ) -> tuple[tuple[float | None, ...], int]:
        """What would be heard of each reward, and how many microseconds later. Always draws three numbers."""
        late, lost, lied = rng.standard_exponential(), rng.random(), rng.random()
        delay_us = round(late * self.delay_s * SECOND_US)
        if lost < self.missing:
            return (None,) * len(rewards), delay_us
        if lied < self.lying:
            return tuple(sum(ends) - reward for reward in rewards), delay_us
        return rewards, delay_us
