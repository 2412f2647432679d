"""What does the second engine cost beside Vowpal Wabbit? Decisions and learning, by actions and context features."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from benchmarks.question import NOT_PROMISED, Answer
from benchmarks.rounds import Round, Rounds, computing, in_turns
from benchmarks.size import Size
from engine.policies.base import Policy
from engine.policies.second_order import SecondOrderPolicy
from engine.policies.vw import VwPolicy
from engine.types import Candidate, TrainingExample

SHAPES = ((10, 20), (10, 64), (50, 20), (50, 64))
"""Actions, and context features, all of them numbers: what costs most."""
CALLS = 5
"""One in so many of the usual calls: there are four shapes."""
LEARNED = 500


def measure(_: Path, size: Size) -> list[Answer]:
    """One line a shape: time of ``pmf``, and of ``learn``, by Vowpal Wabbit's for the same examples."""
    return [_measured(actions, features, size) for actions, features in SHAPES]


def _measured(actions: int, features: int, size: Size) -> Answer:
    examples = _examples(actions, features, min(LEARNED, size.decisions))
    calls = max(1, size.calls // CALLS)
    sides: dict[str, Round] = {}
    for policy in (VwPolicy(), SecondOrderPolicy()):
        for example in examples:
            policy.learn(example)
        sides[f"{policy.name} decides"] = _deciding(policy, examples, calls)
        sides[f"{policy.name} learns"] = _learning(policy, examples, calls)
    return _answer(in_turns(sides, size.rounds), actions, features)


def _deciding(policy: Policy, examples: Sequence[TrainingExample], calls: int) -> Round:
    def decide(number: int) -> None:
        example = examples[number % len(examples)]
        policy.pmf(example.shared, example.candidates)

    return computing(decide, calls)


def _learning(policy: Policy, examples: Sequence[TrainingExample], calls: int) -> Round:
    return computing(lambda number: policy.learn(examples[number % len(examples)]), calls)


def _examples(actions: int, features: int, count: int) -> list[TrainingExample]:
    luck = random.Random(1)
    candidates = tuple(Candidate(f"a{n}", f"a{n}", {f"id=a{n}": 1.0}) for n in range(actions))
    return [
        TrainingExample(
            {f"x{n}": luck.gauss(0.0, 1.0) for n in range(features)},
            candidates,
            luck.randrange(actions),
            1.0 / actions,
            float(luck.random() < 0.3),
        )
        for _ in range(count)
    ]


def _answer(rounds: Rounds, actions: int, features: int) -> Answer:
    decide = rounds.ratio("second_order decides", "vw decides")
    learn = rounds.ratio("second_order learns", "vw learns")
    figures = {side.replace(" ", "_") + "_us": rounds.median(side) for side in rounds.taken}
    detail = ", ".join(f"{side} {rounds.median(side):.0f} µs" for side in rounds.taken)
    return Answer(
        f"second_order by vw, {actions} actions, {features} numbers",
        NOT_PROMISED,
        f"{decide:.1f} × to decide, {learn:.1f} × to learn",
        None,
        detail,
        {**figures, "decide_ratio": decide, "learn_ratio": learn},
    )
