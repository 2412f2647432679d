"""When an answer is due, and what may be waited for until then."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from features.punctual import in_time

T = TypeVar("T")


class Deadline:
    """Begins when it is made.

    Args:
        ms: from the beginning to the end.
        now: in seconds; only differences count.
    """

    def __init__(self, ms: float, now: Callable[[], float] = time.monotonic) -> None:
        self._whole_s = ms / 1_000
        self._now = now
        self._began = now()

    @property
    def passed(self) -> bool:
        """Whether it is too late."""
        return self.left_s() <= 0.0

    def left_s(self, share: float = 1.0) -> float:
        """Seconds until this share of the time is over; never negative."""
        return max(0.0, self._began + share * self._whole_s - self._now())

    async def keep(self, work: Coroutine[Any, Any, T], share: float = 1.0) -> T:
        """What the work gives. Raises ``TimeoutError`` if it is still waiting when this share of the time is over.

        Work that waits for nothing is never late, and needs no timer.
        """
        return await in_time(work, self.left_s(share))
