"""Time as everything here counts it: microseconds since the epoch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

Clock = Callable[[], int]

SLEW_PPM = 500
"""How much faster or slower than the machine's oscillator a ``SteadyClock`` may go: as much as adjtime(3) allows."""
MEASURED_EVERY_US = 1_000_000
_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def wall_clock() -> int:
    """Now, in microseconds since the epoch."""
    return time.time_ns() // 1_000


def boot_clock() -> int:
    """Microseconds since the machine started, time asleep included where the system counts it. Nobody can set it."""
    return time.clock_gettime_ns(_SINCE_BOOT) // 1_000


class _Measured(NamedTuple):
    """What both clocks showed, and how far the wall clock was ahead of this one's time."""

    steady_us: int
    time_us: int
    ahead_us: int


class SteadyClock:
    """Time that nobody can make jump: it begins where the wall clock is, then follows the time since boot.

    Towards a wall clock that was set it moves by at most 500 µs a second, so that no window closes early or stays open
    because of it. Never goes back. Thread-safe.

    Args:
        wall: where it begins, and what it approaches.
        steady: how it goes on.
        not_before: begins at least there, although the wall clock may have been set back since someone saw that time.
    """

    def __init__(self, wall: Clock = wall_clock, steady: Clock = boot_clock, not_before: int = 0) -> None:
        self._wall = wall
        self._steady = steady
        self._lock = threading.Lock()
        wall_us = wall()
        start_us = max(wall_us, not_before)
        self._measured = _Measured(steady(), start_us, wall_us - start_us)

    def __call__(self) -> int:
        """Now, in microseconds since the epoch."""
        with self._lock:
            steady_us = self._steady()
            now_us = self._at(steady_us)
            if steady_us - self._measured.steady_us >= MEASURED_EVERY_US:
                self._measured = _Measured(steady_us, now_us, self._wall() - now_us)
            return now_us

    def _at(self, steady_us: int) -> int:
        since, time_us, ahead_us = self._measured
        elapsed_us = max(steady_us - since, 0)
        most_us = elapsed_us * SLEW_PPM // 1_000_000
        return time_us + elapsed_us + min(max(ahead_us, -most_us), most_us)
