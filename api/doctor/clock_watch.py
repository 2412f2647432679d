"""Notices when the machine's clock is set: forwards, or backwards."""

from __future__ import annotations

import time
from typing import NamedTuple

from features.clock import Clock, wall_clock

JUMP_US = 1_000_000
"""Less is what keeping time with a time server does all day."""


class Jump(NamedTuple):
    """``by_us`` is positive if the clock went forwards; ``at_us`` is what it showed then."""

    at_us: int
    by_us: int


def steady_clock() -> int:
    """Microseconds that nobody can set, from an arbitrary beginning. It stands still while the machine sleeps."""
    return time.monotonic_ns() // 1_000


class ClockWatch:
    """Counts jumps of the wall clock, as often as ``observe`` is called.

    Attributes:
        jumps: how many there were so far.
        last: the newest one.
    """

    def __init__(self, clock: Clock = wall_clock, steady: Clock = steady_clock) -> None:
        self.jumps = 0
        self.last: Jump | None = None
        self._clock = clock
        self._steady = steady
        self._offset_us = clock() - steady()

    def observe(self) -> bool:
        """Whether the clock jumped since it was observed last."""
        now_us = self._clock()
        offset_us = now_us - self._steady()
        by_us, self._offset_us = offset_us - self._offset_us, offset_us
        if abs(by_us) <= JUMP_US:
            return False
        self.jumps += 1
        self.last = Jump(now_us, by_us)
        return True
