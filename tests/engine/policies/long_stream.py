"""Settled decisions with as many context features as are learned together, and tastes that turn at two thirds."""

from __future__ import annotations

import random

from engine.types import Candidate, TrainingExample

ACTIONS = tuple(Candidate(f"a{n}", f"a{n}", {f"id=a{n}": 1.0, f"kind={n % 2}": 1.0}) for n in range(4))


def drifting(length: int, features: int) -> list[TrainingExample]:
    """Two actions in four are always right, the other two after the turn."""
    luck = random.Random(17)
    examples = []
    for turn in range(length):
        shared = {f"x{luck.randrange(features)}": luck.gauss(0.0, 1.0) for _ in range(12)}
        chosen = luck.randrange(4)
        right = (chosen < 2) == (turn < 2 * length // 3)
        examples.append(TrainingExample(shared, ACTIONS, chosen, 0.25, float(right)))
    return examples
