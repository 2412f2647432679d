"""Sides that take turns: whatever disturbs the machine disturbs all of them, so their ratios stay what they are."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Round = Callable[[], float]
"""Does a side's work of one round; returns microseconds a call."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """Microseconds a call: side → one figure a round."""

    taken: Mapping[str, list[float]]

    def median(self, side: str) -> float:
        """The side's typical time, in microseconds a call."""
        return statistics.median(self.taken[side])

    def ratio(self, side: str, floor: str) -> float:
        """How many times longer ``side`` takes than ``floor``: median of the rounds' own ratios."""
        pairs = zip(self.taken[side], self.taken[floor], strict=True)
        return statistics.median(ours / least for ours, least in pairs)


def in_turns(sides: Mapping[str, Round], rounds: int) -> Rounds:
    """Every side once a round, ``rounds`` times, after a round that does not count."""
    taken: dict[str, list[float]] = {side: [] for side in sides}
    for warm_up in (True, *(False,) * rounds):
        gc.collect()
        for side, play in sides.items():
            microseconds = play()
            if not warm_up:
                taken[side].append(microseconds)
    return Rounds(taken)


def calling(call: Callable[[int], object], calls: int) -> Round:
    """A side that makes ``calls`` calls a round, each with its number in the round."""
    return _timed(call, calls, time.perf_counter)


def computing(call: Callable[[int], object], calls: int) -> Round:
    """Likewise for calls that never wait: time that neighbours had the processor does not count."""
    return _timed(call, calls, time.thread_time)


def _timed(call: Callable[[int], object], calls: int, clock: Callable[[], float]) -> Round:
    def play() -> float:
        start = clock()
        for number in range(calls):
            call(number)
        return (clock() - start) / calls * 1e6

    return play
