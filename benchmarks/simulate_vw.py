"""Rounds a second of a world in which Vowpal Wabbit decides, is heard and learns at once; 10 actions.

``python -m benchmarks.simulate_vw --coba PYTHON`` times coba on the same rounds, with an interpreter that has it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from vowpalwabbit import Workspace

from benchmarks.question import Answer
from benchmarks.rounds import Round, Rounds, in_turns
from benchmarks.size import FULL, Size
from engine.pmf import draw, sample
from engine.policies.vw import DEFAULT_FLAGS, VwPolicy
from simulator.runs.run import run
from simulator.worlds import world as worlds
from simulator.worlds.logistic import LogisticWorld

FLAGS = {"the default": DEFAULT_FLAGS, "--epsilon 0.05": "--cb_explore_adf --epsilon 0.05 -q SA -b 18"}
PROMISED = 20_000
SEED = 1
PEER = Path(__file__).parent / "peers" / "coba_vw.py"


def measure(_home: Path, size: Size) -> list[Answer]:
    """Whole runs, making the world included, beside the binding's own calls on rounds that are there already."""
    count, world = size.simulated, LogisticWorld()
    rounds = list(world.rounds(count, SEED))
    sides: dict[str, Round] = {}
    for name, flags in FLAGS.items():
        sides[name] = _side(partial(_run, flags, world, count), count)
        sides[f"bare {name}"] = _side(partial(_bare, flags, rounds), count)
    found = in_turns(sides, size.learn_rounds)
    return [_answer(name, found, count) for name in FLAGS]


def _side(work: Callable[[], object], count: int) -> Round:
    def play() -> float:
        start = time.thread_time()
        work()
        return (time.thread_time() - start) / count * 1e6

    return play


def _run(flags: str, world: LogisticWorld, count: int) -> float:
    return float(run(VwPolicy(flags), world, count, SEED).reward.mean())


def _bare(flags: str, rounds: Sequence[worlds.Round]) -> None:
    """Nothing but Vowpal Wabbit as its manual uses it: contexts as dicts, actions parsed once."""
    vw = Workspace(arg_list=[*flags.split(), "--quiet"])
    actions = [_example(vw, "A", dict(each.features)) for each in rounds[0].candidates]
    for round in rounds:
        shared = _example(vw, "S", dict(round.shared), "shared")
        pmf = vw.predict([shared, *actions])
        chosen = sample(pmf, draw(b"bare", str(round.number)))
        label = f"0:{-round.rewards[chosen]}:1.0"
        labelled = [
            _example(vw, "A", dict(each.features), label) if n == chosen else actions[n]
            for n, each in enumerate(round.candidates)
        ]
        vw.learn([shared, *labelled])


def _example(vw: Any, namespace: str, features: dict[str, float], label: str | None = None) -> Any:
    example = vw.example({namespace: features})
    if label is not None:
        example.set_label_string(label)
    example.setup_example()
    return example


def _answer(name: str, rounds: Rounds, count: int) -> Answer:
    rate, bare = 1e6 / rounds.median(name), 1e6 / rounds.median(f"bare {name}")
    ratio = 1.0 / rounds.ratio(name, f"bare {name}")
    return Answer(
        question=f"on-policy simulation, vw with {name} flags, 10 actions: rounds a second, one core",
        promise=f"≥ {PROMISED:,}",
        measured=f"{rate:,.0f}",
        kept=rate >= PROMISED,
        detail=f"{count:,} rounds; {ratio:.2f} × the binding's own predict and learn alone ({bare:,.0f})",
        figures={"rounds_per_second": rate, "bare_per_second": bare},
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print rounds a second of ours, of the bare binding and of coba."""
    parser = argparse.ArgumentParser(prog="benchmarks.simulate_vw", description=__doc__)
    parser.add_argument("--coba", required=True, help="a Python interpreter that can import coba and vowpalwabbit")
    given = parser.parse_args(arguments)
    for answer in measure(Path(), FULL):
        print(f"{answer.question}: {answer.measured}; {answer.detail}")
    for name, rate in coba(given.coba, FULL.simulated).items():
        print(f"coba, {name}: {rate:,.0f} rounds a second")


def coba(python: str, count: int) -> dict[str, float]:
    """Rounds a second of coba's learners on the rounds that ours are measured on."""
    rounds = list(LogisticWorld().rounds(count, SEED))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rounds.npz"
        contexts = np.array([list(each.shared.values()) for each in rounds])
        np.savez(path, contexts=contexts, rewards=np.array([each.rewards for each in rounds]))
        told = subprocess.run([python, str(PEER), str(path)], capture_output=True, text=True, check=True)
    rates: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return rates


if __name__ == "__main__":
    main()
