"""How far a long piece of work has come, at which rate, and how long it will take."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

Clock = Callable[[], float]
EVERY_S = 1.0
QUIET_EVERY_S = 10.0
"""Where nobody looks at a terminal, every line stays."""


class Progress:
    """Says every now and then, on standard error, how many of ``total`` are done.

    Args:
        total: ``None`` if nobody knows.
        start: how many were done before.
        clock: seconds that never go back.
    """

    def __init__(
        self, what: str, total: int | None, *, start: int = 0, out: TextIO | None = None, clock: Clock = time.monotonic
    ) -> None:
        self._what = what
        self._total = total
        self._start = start
        self._out = out or sys.stderr
        self._clock = clock
        self._began = self._said = clock()

    def __call__(self, done: int) -> None:
        """So many are done now."""
        now = self._clock()
        if now - self._said < (EVERY_S if self._out.isatty() else QUIET_EVERY_S):
            return
        self._said = now
        rate = (done - self._start) / (now - self._began)
        line = f"{self._what}: {done:,}{self._of(done)}, {rate:,.0f} a second{self._left(done, rate)}"
        print(f"\r\033[K{line}" if self._out.isatty() else line, end="" if self._out.isatty() else "\n", file=self._out)

    def _of(self, done: int) -> str:
        return "" if self._total is None else f" of {max(done, self._total):,}"

    def _left(self, done: int, rate: float) -> str:
        if self._total is None or rate <= 0 or done >= self._total:
            return ""
        return f", {_duration((self._total - done) / rate)} left"

    def end(self) -> None:
        """Leave the line."""
        if self._out.isatty():
            print(file=self._out)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
