"""What a benchmark answers: a measured ratio (or time) beside what was promised."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of the table.

    Attributes:
        promise: in words; ``kept`` says whether ``measured`` keeps it.
        detail: the absolute figures behind the ratio.
    """

    question: str
    promise: str
    measured: str
    kept: bool
    detail: str


def microseconds(call: Callable[[int], object], *, calls: int = 2_000, repetitions: int = 9) -> float:
    """Best mean time of a call over several repetitions, in microseconds: the least disturbed by neighbours."""
    for warm in range(calls // 4):
        call(warm)
    gc.collect()
    best = float("inf")
    for _ in range(repetitions):
        start = time.perf_counter()
        for number in range(calls):
            call(number)
        best = min(best, (time.perf_counter() - start) / calls * 1e6)
    return best
