"""How often intervals hold the truth, on a log with weights up to ninety; and how often a null stream raises an alarm.

Not part of ``make bench``: ``python -m benchmarks.coverage [--logs N] [--streams N]`` takes some minutes.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.stats.confidence_sequence import ConfidenceSequence, DifferenceSequence
from engine.stats.weighted import Range
from simulator.ope.estimate import INTERVALS, Asked, estimate
from simulator.ope.evaluated import Evaluated
from simulator.ope.peaked_log import Rows, drawn, truth
from simulator.ope.registry import estimators

REPLICATIONS = {500: 400, 2_000: 400, 10_000: 150}
CLICKS, WEIGHTS = Range(0.0, 1.0), Range(0.0, 100.0)
STREAMS, EVENTS, EVERY = 1_000, 20_000, 100
ERROR = 0.05


@dataclass(slots=True)
class Seen:
    """Of one kind of interval of one estimator."""

    covered: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    refused: int = 0

    def __str__(self) -> str:
        if not self.covered:
            return "refused"
        shown = f"{np.mean(self.covered):.3f} ({np.mean(self.widths):.3f})"
        return f"{shown}, {self.refused} refused" if self.refused else shown


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables."""
    given = _parser().parse_args(arguments)
    value = truth()
    for n, replications in REPLICATIONS.items():
        for name, seen in _coverage(n, min(replications, given.logs), value):
            print(f"n={n:>6,} {name:<32} {seen}")
    for name, alarms in _alarms(given.streams):
        allowed = ERROR + 1.64 * math.sqrt(ERROR * (1.0 - ERROR) / given.streams)
        told = f"{alarms} of {given.streams} null streams raised an alarm, {allowed * given.streams:.0f} are allowed"
        print(f"{name}: {told}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.coverage", description=__doc__)
    parser.add_argument("--logs", type=int, default=max(REPLICATIONS.values()), help="of each size, at most")
    parser.add_argument("--streams", type=int, default=STREAMS)
    return parser


def _coverage(n: int, replications: int, value: float) -> Iterator[tuple[str, Seen]]:
    logs = [_evaluated(drawn(n, n, seed)) for seed in range(replications)]
    for estimator in ("ips", "snips"):
        for kind in INTERVALS:
            seen = Seen()
            for rows in logs:
                found = estimate(Asked(rows, estimators()[estimator](), CLICKS, WEIGHTS), kind).interval
                if found is None:
                    seen.refused += 1
                else:
                    seen.covered.append(value in found)
                    seen.widths.append(found.width)
            yield f"{kind}, {estimator}", seen


def _evaluated(rows: Rows) -> Evaluated:
    """Weights as a target's probabilities under a logger that gives every action .01."""
    return Evaluated(rows.reward, np.full(len(rows.reward), 0.01), np.minimum(rows.weight * 0.01, 1.0))


def _alarms(streams: int) -> Iterator[tuple[str, int]]:
    values = differences = 0
    for seed in range(streams):
        rng = np.random.default_rng([5, seed])
        action = rng.integers(0, 4, EVENTS)
        ours, theirs = np.where(action == 0, 3.4, 0.2), np.where(action == 1, 3.4, 0.2)
        reward = (rng.random(EVENTS) < 0.3).astype(np.float64)
        values += _ever_wrong(ours, reward)
        differences += _ever_different(ours, theirs, reward)
    yield "value", values
    yield "difference", differences


def _ever_wrong(weight: np.ndarray, reward: np.ndarray) -> bool:
    sequence = ConfidenceSequence(CLICKS)
    for start in range(0, EVENTS, EVERY):
        part = slice(start, start + EVERY)
        sequence = sequence.extended(weight[part], reward[part])
        if 0.3 not in sequence.interval():
            return True
    return False


def _ever_different(ours: np.ndarray, theirs: np.ndarray, reward: np.ndarray) -> bool:
    sequence = DifferenceSequence(CLICKS)
    for start in range(0, EVENTS, EVERY):
        part = slice(start, start + EVERY)
        sequence = sequence.extended(ours[part], theirs[part], reward[part])
        if 0.0 not in sequence.interval():
            return True
    return False


if __name__ == "__main__":
    main()
