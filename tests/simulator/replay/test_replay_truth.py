"""Replays of policies that learn, beside what they earn when they decide themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from engine.policies.base import Policy
from engine.policies.registry import build
from engine.policies.uniform import UniformPolicy
from simulator.replay.doubly_robust import DoublyRobust
from simulator.replay.li import Li
from simulator.replay.method import Method
from simulator.replay.progressive import Progressive
from simulator.replay.rejection import Rejection
from simulator.replay.replay import Replay, replay
from simulator.replay.replayable import replayable
from simulator.runs.run import run
from simulator.worlds.logistic import LogisticWorld
from tests.simulator.replay.conftest import LogOf

ROUNDS = 6_000
RUNS = 12
LINUCB = partial(build, "linucb", {"floor": 0.05})
VW = partial(build, "vw", {"flags": "--cb_explore_adf --epsilon 0.1 -q SA -b 18"})
FIXED = partial(build, "fixed", {"shares": {"a0": 0.1, "a1": 0.1, "a2": 0.7, "a3": 0.1}})


def truth(policy: Callable[[], Policy], world: LogisticWorld, decisions: int) -> tuple[float, float]:
    """Mean reward of a policy's first decisions, and its standard error."""
    values = [run(policy(), world, decisions, seed).value.mean() for seed in range(1_000, 1_000 + RUNS)]
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(RUNS))


def one(policy: Callable[[], Policy], log: LogOf, logger: Policy, method: Method, seed: int = 1) -> Replay:
    (found,) = replay([policy], replayable(log(logger, ROUNDS, seed)), method, repeats=3)
    return found


@pytest.mark.parametrize("method", [Rejection(), DoublyRobust()], ids=lambda method: method.name)
@pytest.mark.parametrize("policy", [LINUCB, VW], ids=["linucb", "vw"])
def test_a_replay_on_a_log_that_is_not_uniform_is_as_good_as_a_run(
    policy: Callable[[], Policy], method: Method, log_of: LogOf, leaning: Policy, world: LogisticWorld
) -> None:
    found = one(policy, log_of, leaning, method)
    value, error = truth(policy, world, found.decisions)
    assert found.standard_error < 0.04
    assert abs(found.value - value) < 2.5 * np.hypot(found.standard_error, error)
    assert found.value > np.mean([batch.reward.mean() for batch in log_of(leaning, ROUNDS, 1)]) + 0.05


def test_a_replay_of_a_uniform_log_by_li_is_as_good_as_a_run(log_of: LogOf, world: LogisticWorld) -> None:
    found = one(VW, log_of, UniformPolicy(), Li())
    value, error = truth(VW, world, found.decisions)
    assert abs(found.value - value) < 2.5 * np.hypot(found.standard_error, error)
    assert abs(found.decisions - ROUNDS / 4) < 4.0 * np.sqrt(ROUNDS * 0.25 * 0.75)


@pytest.mark.parametrize("method", [Li(), Rejection(), DoublyRobust(), Progressive()], ids=lambda method: method.name)
def test_a_policy_that_does_not_learn_has_the_value_of_its_pmf(
    method: Method, log_of: LogOf, leaning: Policy, world: LogisticWorld
) -> None:
    logger = UniformPolicy() if isinstance(method, Li) else leaning
    found = one(FIXED, log_of, logger, method)
    value, error = truth(FIXED, world, ROUNDS)
    assert abs(found.value - value) < 2.5 * np.hypot(found.standard_error, error)


def test_every_row_says_more_than_the_accepted_ones_alone(log_of: LogOf, leaning: Policy) -> None:
    robust, rejection = (one(VW, log_of, leaning, method) for method in (DoublyRobust(), Rejection()))
    assert [way.learned for way in robust.ways] == [way.learned for way in rejection.ways]
    assert robust.ways[0].standard_error < 0.8 * rejection.ways[0].standard_error


def test_standard_errors_are_what_the_values_of_other_logs_differ_by(log_of: LogOf, leaning: Policy) -> None:
    found = [one(FIXED, log_of, leaning, DoublyRobust(), seed) for seed in range(10, 30)]
    spread = float(np.std([each.value for each in found], ddof=1))
    typical = float(np.mean([each.standard_error for each in found]))
    assert 0.6 < spread / typical < 1.45


def test_what_is_learned_from_all_rows_is_better_than_what_few_own_decisions_teach(
    log_of: LogOf, leaning: Policy
) -> None:
    progressive, own = (one(LINUCB, log_of, leaning, method) for method in (Progressive(), DoublyRobust()))
    assert progressive.decisions == ROUNDS
    assert len(progressive.ways) == 1
    assert progressive.value > own.value
