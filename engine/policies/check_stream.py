"""Settled decisions for the policy contract: three segments, eight actions, and what no policy may learn."""

from __future__ import annotations

import math
import random
from dataclasses import replace

from engine.types import Candidate, TrainingExample

ACTIONS = tuple(Candidate(f"a{n}", f"a{n}", {f"id=a{n}": 1.0, f"kind={n % 3}": 1.0}) for n in range(8))
CONTEXT = {"segment=1": 1.0, "visits": 0.5}


def stream(length: int, seed: int) -> list[TrainingExample]:
    """Decisions of a uniform logger; each kind of action suits one segment, others earn less."""
    rng = random.Random(seed)
    examples = []
    for _ in range(length):
        segment = rng.randrange(3)
        offered = tuple(rng.sample(ACTIONS, rng.randint(1, len(ACTIONS))))
        chosen = rng.randrange(len(offered))
        suits = f"kind={segment}" in offered[chosen].features
        shared = {f"segment={segment}": 1.0, "visits": rng.uniform(-1.0, 1.0)}
        reward = float(rng.random() < (0.8 if suits else 0.2))
        examples.append(TrainingExample(shared, offered, chosen, 1.0 / len(offered), reward))
    return examples


def bad_examples() -> list[TrainingExample]:
    """Examples with a value that is not a number, not finite, not a probability or not an index."""
    good = stream(1, seed=13)[0]
    harmful = Candidate("harmful", "harmful", {"value": math.inf})
    return [
        replace(good, reward=math.nan),
        replace(good, reward=math.inf),
        replace(good, propensity=math.nan),
        replace(good, propensity=0.0),
        replace(good, propensity=1.5),
        replace(good, shared={"value": math.nan}),
        replace(good, candidates=(harmful,), chosen=0),
        replace(good, chosen=len(good.candidates)),
        replace(good, chosen=-1),
    ]
