"""What replays of policies that learn say of a log that is not uniform, beside what these policies earn themselves.

``python -m benchmarks.replay [--rows N] [--logs N] [--mabwiser PYTHON]``; with an interpreter that has mabwiser, what
that one says of the first log.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from engine.policies.base import Policy
from engine.policies.registry import build
from engine.types import Candidate
from simulator.replay.doubly_robust import DoublyRobust
from simulator.replay.method import Method
from simulator.replay.rejection import Rejection
from simulator.replay.replay import Replay, replay
from simulator.replay.replayable import Replayable, replayable
from simulator.runs.logged import logged
from simulator.runs.many import Planned, runs
from simulator.worlds.logistic import LogisticWorld

WORLD = LogisticWorld()
POLICIES: Mapping[str, Callable[[], Policy]] = {
    "linucb": partial(build, "linucb", {}),
    "vw": partial(build, "vw", {}),
    "vw --epsilon 0.05": partial(build, "vw", {"flags": "--cb_explore_adf --epsilon 0.05 -q SA -b 18"}),
}
METHODS: Sequence[Method] = (DoublyRobust(), Rejection())
RUNS = 40
WITHIN = 2.0
PEER = Path(__file__).parent / "peers" / "mabwiser_replay.py"


class Softmax(Policy):
    """Chooses by its own opinion, which is not the world's; each action has at least a hundredth."""

    name = "softmax"

    def __init__(self, seed: int = 5) -> None:
        self._opinion = np.random.default_rng(seed).normal(size=(WORLD.actions, WORLD.features)) / 3.0

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        odds = np.exp(self._opinion @ np.array([*shared.values()]))
        pmf: list[float] = (0.9 * odds / odds.sum() + 0.1 / len(odds)).tolist()
        return pmf


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table, and how many replays were within two standard errors of the truth."""
    given = _parser().parse_args(arguments)
    print("| log | policy | method | decisions | replayed | earned itself | standard errors apart | verdict |")
    print("|---|---|---|---|---|---|---|---|")
    apart: list[float] = []
    for number in range(given.logs):
        log = replayable(logged(Softmax(), WORLD, given.rows, number))
        if number == 0 and given.mabwiser:
            said = mabwiser(given.mabwiser, given.rows, number)
            print(f"| 0 | linucb | mabwiser | | {said['said']:.3f} | {said['true']:.3f} | | |")
        for name, method, found in _replays(log, given.processes):
            apart.append(_row(number, name, method, found, given.processes))
    within = sum(abs(each) <= WITHIN for each in apart)
    print(f"\nwithin {WITHIN:g} standard errors: {within} of {len(apart)}; root mean square {_rms(apart):.2f}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.replay", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="of each log")
    parser.add_argument("--logs", type=int, default=3)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--mabwiser", help="a Python interpreter that can import mabwiser")
    return parser


def _replays(log: Replayable, processes: int) -> Iterator[tuple[str, str, Replay]]:
    for method in METHODS:
        found = replay(list(POLICIES.values()), log, method, processes=processes)
        yield from ((name, method.name, each) for name, each in zip(POLICIES, found, strict=True))


def _row(log: int, name: str, method: str, found: Replay, processes: int) -> float:
    truth, error = earned(POLICIES[name], found.decisions, processes)
    apart = (found.value - truth) / float(np.hypot(found.standard_error, error))
    replayed, itself = f"{found.value:.3f} ± {found.standard_error:.3f}", f"{truth:.3f} ± {error:.3f}"
    cells = (f"{log}", name, method, f"{found.decisions:,}", replayed, itself, f"{apart:+.2f}", f"{found.verdict}")
    print(f"| {' | '.join(cells)} |", flush=True)
    return apart


def earned(policy: Callable[[], Policy], decisions: int, processes: int) -> tuple[float, float]:
    """What a policy's first decisions earn on average where it decides itself, and the standard error."""
    planned = [Planned(policy, WORLD, decisions, 10_000 + seed) for seed in range(RUNS)]
    values = [float(each.value.mean()) for each in runs(planned, processes)]
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(RUNS))


def _rms(values: Sequence[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def mabwiser(python: str, rows: int, seed: int) -> dict[str, float]:
    """What mabwiser's simulator says its LinUCB earns on the log, and what its choices would have earned."""
    batches = list(logged(Softmax(), WORLD, rows, seed))
    rounds = list(WORLD.rounds(rows, seed))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.npz"
        np.savez(
            path,
            contexts=np.array([list(each.shared.values()) for each in rounds]),
            expected=np.array([each.expected for each in rounds]),
            chosen=np.concatenate([batch.chosen for batch in batches]),
            reward=np.concatenate([batch.reward for batch in batches]),
        )
        told = subprocess.run([python, str(PEER), str(path)], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
