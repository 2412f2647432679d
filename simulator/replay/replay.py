"""What a policy that learns would have earned, from the log of another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.policies.base import Policy
from engine.stats.interval import CONFIDENCE, Interval
from simulator.audit.verdict import Level, Reason, Verdict, judged
from simulator.replay.doubly_robust import DoublyRobust
from simulator.replay.forecasts import forecasts
from simulator.replay.method import Method
from simulator.replay.replayable import Replayable
from simulator.replay.spread import Spread
from simulator.replay.way import Planned, Way, way
from simulator.runs.processes import in_processes
from simulator.watch import Watch, unwatched

REPEATS = 5
LEAST_LEARNED, FEW_LEARNED = 50, 500
SOME_LOST, MUCH_LOST = 0.02, 0.1


@dataclass(frozen=True, slots=True)
class Replay:
    """A policy's replays on one log: of one policy, by one method, with other luck each.

    Attributes:
        method: its name.
        own_history: whether the policy learned what it would have seen itself.
        verdict: how far the value may be believed.
    """

    method: str
    own_history: bool
    ways: tuple[Way, ...]
    verdict: Verdict

    @property
    def policy(self) -> str:
        """The policy's name."""
        return self.ways[0].policy

    @property
    def value(self) -> float:
        """Mean reward of the policy's first ``decisions`` decisions, in the log's units."""
        return float(np.mean([each.value for each in self.ways]))

    @property
    def decisions(self) -> int:
        """From how many decisions it learned, on average over the replays."""
        return round(float(np.mean([each.learned for each in self.ways])))

    @property
    def evaluable(self) -> bool:
        """Whether the value may be shown at all."""
        return self.verdict.level is not Level.NOT_EVALUABLE

    @property
    def standard_error(self) -> float:
        """Of the value, see ``Spread``."""
        return Spread.of(self.ways).standard_error

    def interval(self, confidence: float = CONFIDENCE) -> Interval:
        """Of the value, see ``Spread``."""
        return Spread.of(self.ways).interval(self.value, self.ways[0].met, confidence)


def replay(
    policies: Sequence[Callable[[], Policy]],
    log: Replayable,
    method: Method | None = None,
    *,
    seed: int = 0,
    repeats: int = REPEATS,
    processes: int = 1,
    watch: Watch = unwatched,
) -> Iterator[Replay]:
    """Replay policies, one after the other, each from nothing. The digits do not depend on the number of processes.

    Args:
        policies: each makes one; picklable.
        method: doubly robust, if ``None``.
        repeats: of the draws that accept rows; one where nothing is drawn.
        watch: is told how many replays have been made.

    Raises:
        NotEvaluable: the log cannot carry the method, or nothing is left of it; the message says why.
    """
    method = method or DoublyRobust()
    method.check(log)
    model = forecasts(log) if method.needs_model else None
    times = replays_of_each(method, repeats)
    planned = [Planned(policy, log, method, model, seed, n) for policy in policies for n in range(times)]
    ways = _watched(in_processes(way, planned, processes), watch)
    for _ in policies:
        of_one = tuple(next(ways) for _ in range(times))
        yield Replay(method.name, method.own_history, of_one, judged_ways(of_one, method))


def replays_of_each(method: Method, repeats: int) -> int:
    """How often each policy is replayed."""
    return repeats if method.own_history else 1


def _watched(ways: Iterator[Way], watch: Watch) -> Iterator[Way]:
    for number, each in enumerate(ways, start=1):
        watch(number)
        yield each


def judged_ways(ways: tuple[Way, ...], method: Method) -> Verdict:
    """The verdict on a policy's replays: the audit's, and whether it could learn and do what it would have."""
    reasons = [*judged(ways[0].audit).reasons, *_reasons(ways, method)]
    return Verdict(tuple(sorted(reasons, key=lambda reason: -reason.level)))


def _reasons(ways: tuple[Way, ...], method: Method) -> Iterator[Reason]:
    learned, lost = min(each.learned for each in ways), max(each.lost for each in ways)
    if learned < FEW_LEARNED:
        level = Level.NOT_EVALUABLE if learned < LEAST_LEARNED else Level.CAUTION
        yield Reason(level, f"the policy could learn from {learned:,} decisions only: the log has no more that it made")
    if lost > SOME_LOST:
        level = Level.NOT_EVALUABLE if lost > MUCH_LOST else Level.CAUTION
        yield Reason(level, f"{lost:.1%} of what the policy would do was met too seldom in the log")
    if method.own_history and len(ways) == 1:
        yield Reason(Level.CAUTION, "one replay does not show how much depends on what the policy happens to learn")
