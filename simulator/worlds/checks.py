"""What every world must hold: for the worlds of this project, and for anybody's own."""

from __future__ import annotations

import math
import pickle
from itertools import islice, pairwise

import numpy as np

from simulator.worlds.world import Round, World

ROUNDS = 400
SHORTER = 150
DRAWS = 4_000
STANDARD_ERRORS = 4.5
"""Of the mean over a whole run: once in 150,000 runs by chance."""


def check_world(world: World) -> None:
    """Raise ``AssertionError``, which says what does not hold.

    Candidates are shown in turn: the first, the second, the third …
    """
    rounds = _played(world, ROUNDS, 1)
    assert 0 < len(rounds) <= ROUNDS, f"{len(rounds)} rounds, {ROUNDS} were asked for"
    _check_order(rounds)
    for round in rounds:
        _check_round(round, world.reward_range)
    assert _played(world, ROUNDS, 1) == rounds, "the same seed and answers gave other rounds"
    assert _played(world, ROUNDS, 2) != rounds, "another seed gave the same rounds"
    if not getattr(world, "depends_on_count", False):
        shorter = _played(world, SHORTER, 1)
        assert shorter == rounds[:SHORTER], "a longer run does not begin like a shorter one; see ``World.play``"
    copied: World = pickle.loads(pickle.dumps(world))
    assert _played(copied, ROUNDS, 1) == rounds, "a copy in another process gives other rounds"
    _check_truth(_played(world, DRAWS, 3))


def _played(world: World, count: int, seed: int) -> list[Round]:
    play, rounds = world.play(count, seed), []
    for round in islice(play, count + 1):
        rounds.append(round)
        play.shown(round, round.number % len(round.candidates))
    return rounds


def _check_order(rounds: list[Round]) -> None:
    assert [round.number for round in rounds] == list(range(len(rounds))), "rounds are not numbered from 0"
    late = next((b.number for a, b in pairwise(rounds) if b.time_us < a.time_us), None)
    assert late is None, f"round {late} is earlier than the one before"


def _check_round(round: Round, ends: tuple[float, float]) -> None:
    where, ids = f"round {round.number}", [candidate.id for candidate in round.candidates]
    assert ids, f"{where} has no candidates"
    assert len(set(ids)) == len(ids), f"{where} has two candidates of one id: {ids}"
    for name in ("expected", "rewards", "told"):
        values = getattr(round, name)
        assert len(values) == len(ids), f"{where} has {len(values)} {name} for {len(ids)} candidates"
        wrong = [value for value in values if value is not None and not ends[0] <= value <= ends[1]]
        assert not wrong, f"{where}: {name} {wrong[:1]} is not in {ends}"
    assert round.delay_us >= 0, f"{where} is heard before it is shown"
    features = {**round.shared, **{name: value for each in round.candidates for name, value in each.features.items()}}
    strange = [name for name, value in features.items() if not math.isfinite(value)]
    assert not strange, f"{where}: {strange[:1]} is no finite number"


def _check_truth(rounds: list[Round]) -> None:
    """The mean of what was drawn is what was expected: of the first candidate, the last one, and each round's sum."""
    drawn = np.array([[round.rewards[0], round.rewards[-1], math.fsum(round.rewards)] for round in rounds])
    mean = np.array([[round.expected[0], round.expected[-1], math.fsum(round.expected)] for round in rounds])
    for whose, apart in zip(("the first's", "the last's", "all"), (drawn - mean).T, strict=True):
        surplus, error = float(apart.mean()), float(apart.std()) / math.sqrt(len(apart))
        assert abs(surplus) <= STANDARD_ERRORS * error + 1e-12, (
            f"{whose} rewards are {surplus:+.4f} from what was expected, with a standard error of {error:.4f}"
        )
