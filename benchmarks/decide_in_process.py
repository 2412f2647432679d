"""How much slower is a whole decision than Vowpal Wabbit's own ``predict``? In process: no HTTP, no disk."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from vowpalwabbit import Workspace

from benchmarks.bot import CONTEXT
from benchmarks.in_process import as_after_warm_up, engine_in
from benchmarks.people import SESSION, USER_ROWS
from benchmarks.question import Answer
from benchmarks.rounds import Round, Rounds, computing, in_turns
from benchmarks.size import Size
from engine.placement import Placement
from engine.policies.vw import DEFAULT_FLAGS
from engine.types import TrainingExample
from features.clock import wall_clock
from features.vector import ViewRow

PROMISE = 5.0
USERS = 200
LEARNED = 2_000
CONTEXTS = 64


def measure(home: Path, size: Size) -> list[Answer]:
    """One line: time of ``Decider.decide`` by time of ``Workspace.predict`` on pre-parsed examples."""
    with tempfile.TemporaryDirectory() as folder:
        engine = engine_in(Path(folder), home, USERS)
        placement = engine.placement
        _learn(placement, min(LEARNED, size.decisions))
        candidates = [action.candidate for action in placement.catalogue.actions.values()]
        shared = [_shared(placement, number) for number in range(CONTEXTS)]
        policy = placement.served.policy
        sides = {
            "predict": _predict(placement, size),
            "policy": computing(lambda number: policy.pmf(shared[number % CONTEXTS], candidates), size.calls),
            "decide": computing(engine.decide, size.calls),
        }
        with as_after_warm_up():
            rounds = in_turns(sides, size.rounds)
    return [_answer(rounds, len(shared[0]))]


def _answer(rounds: Rounds, features: int) -> Answer:
    decide, predict, policy = (rounds.median(side) for side in ("decide", "predict", "policy"))
    ratio = rounds.ratio("decide", "predict")
    return Answer(
        "decide in process, by VW's own predict on the same pre-parsed examples",
        f"≤ {PROMISE:g} ×",
        f"{ratio:.1f} ×",
        ratio <= PROMISE,
        f"{decide:.0f} µs by {predict:.1f} µs; the policy alone {policy:.0f} µs; 10 actions, {features} features",
        {"decide_us": decide, "predict_us": predict, "policy_us": policy, "ratio": ratio},
    )


def _shared(placement: Placement, number: int) -> dict[str, float]:
    now_us = wall_clock()
    stored = {**USER_ROWS, "session_state": SESSION}
    rows = {view: ViewRow(values, now_us, "fresh") for view, values in stored.items()}
    vector = placement.assemble(rows, {**CONTEXT, "message_length": number % 200}, now_us)
    return placement.served.encoder.shared(vector.values, vector.freshness, vector.missing)


def _learn(placement: Placement, count: int) -> None:
    random_ = random.Random(1)
    candidates = tuple(action.candidate for action in placement.catalogue.actions.values())
    for number in range(count):
        chosen = random_.randrange(len(candidates))
        reward = float(random_.random() < 0.1 * chosen)
        placement.served.policy.learn(TrainingExample(_shared(placement, number), candidates, chosen, 0.1, reward))


def _predict(placement: Placement, size: Size) -> Round:
    workspace = Workspace(f"{DEFAULT_FLAGS} --quiet")
    actions = [workspace.example({"A": dict(a.candidate.features)}) for a in placement.catalogue.actions.values()]
    shared = [workspace.example({"S": _shared(placement, number)}) for number in range(CONTEXTS)]
    for example in shared:
        example.set_label_string("shared")
    for example in (*shared, *actions):
        example.setup_example()
    return computing(lambda number: workspace.predict([shared[number % CONTEXTS], *actions]), size.calls)
