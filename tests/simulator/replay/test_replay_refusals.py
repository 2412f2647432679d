"""Where a log cannot carry a replay it is refused, with the reason in words; where it hardly can, a caution."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import NotEvaluable
from engine.policies.base import Policy
from engine.policies.registry import build
from engine.policies.uniform import UniformPolicy
from simulator.audit.verdict import Level
from simulator.logs.schema import LOG, LoggedBatch
from simulator.replay.doubly_robust import DoublyRobust
from simulator.replay.li import Li
from simulator.replay.method import Method
from simulator.replay.progressive import Progressive
from simulator.replay.rejection import Rejection
from simulator.replay.replay import Replay, replay
from simulator.replay.replayable import Replayable, replayable
from tests.simulator.replay.conftest import LogOf

ROUNDS = 1_500
VW = partial(build, "vw", {"flags": "--cb_explore_adf --epsilon 0.1 -q SA -b 18"})


def changed(batch: LoggedBatch, name: str, values: object) -> LoggedBatch:
    at = LOG.names.index(name)
    rows = batch.rows.set_column(at, LOG.field(at), pa.array(values, LOG.field(at).type))
    return LoggedBatch(rows, batch.numbers)


def replayed(log: Replayable, method: Method, repeats: int = 2) -> Replay:
    (found,) = replay([VW], log, method, repeats=repeats)
    return found


def words(found: Replay) -> str:
    return str(found.verdict)


def test_a_log_without_propensities_is_refused(log_of: LogOf, leaning: Policy) -> None:
    (batch,) = log_of(leaning, ROUNDS, 1)
    with pytest.raises(NotEvaluable, match=r"1,500 rows have no propensity"):
        replayable([changed(batch, "propensity", [None] * ROUNDS)])


def test_a_log_of_which_nothing_can_be_used_is_refused(log_of: LogOf) -> None:
    certain = log_of(build("fixed", {"shares": {"a1": 1.0}}), ROUNDS, 1)
    with pytest.raises(NotEvaluable, match=r"none of 1,500 rows can be used"):
        replayable(certain)
    with pytest.raises(NotEvaluable, match="none of 0 rows"):
        replayable([])


def test_rewards_that_are_all_the_same_teach_nothing(log_of: LogOf, leaning: Policy) -> None:
    (batch,) = log_of(leaning, ROUNDS, 1)
    nothing = changed(batch, "reward", np.zeros(ROUNDS))
    with pytest.raises(NotEvaluable, match="every reward is 0"):
        replayable([nothing])
    assert len(replayable([nothing], (0.0, 1.0))) == ROUNDS


def test_li_refuses_what_is_not_uniform_and_names_the_row(log_of: LogOf, leaning: Policy) -> None:
    with pytest.raises(NotEvaluable, match=r"not uniform: row 1 chose one of 4 .* replay it by rejection"):
        replayed(replayable(log_of(leaning, ROUNDS, 1)), Li())


def test_li_refuses_rows_with_more_and_fewer_candidates(log_of: LogOf) -> None:
    (batch,) = log_of(UniformPolicy(), 100, 1)
    fewer = changed(batch, "candidates", [["a0", "a1", "a2", "a3"][: 4 - row % 2] for row in range(100)])
    fewer = changed(fewer, "features", [None] * 100)
    fewer = changed(fewer, "pmf", [[1 / (4 - row % 2)] * (4 - row % 2) for row in range(100)])
    fewer = changed(fewer, "chosen", [0] * 100)
    fewer = changed(fewer, "propensity", [1 / (4 - row % 2) for row in range(100)])
    with pytest.raises(NotEvaluable, match="3 to 4 candidates"):
        replayed(replayable([fewer]), Li())


@pytest.mark.parametrize("method", [Li(), Progressive()], ids=lambda method: method.name)
def test_rows_that_were_kept_unevenly_cannot_all_be_learned(method: Method, log_of: LogOf) -> None:
    (batch,) = log_of(UniformPolicy(), ROUNDS, 1)
    thinned = changed(batch, "keep", np.where(batch.reward > 0.0, 1.0, 0.5))
    with pytest.raises(NotEvaluable, match="not all kept with the same probability"):
        replayed(replayable([thinned]), method)


def test_too_few_rows_to_find_a_pace_are_refused(log_of: LogOf, leaning: Policy) -> None:
    with pytest.raises(NotEvaluable, match="100 rows; more than 256 are needed"):
        replayed(replayable(log_of(leaning, 100, 1)), Rejection())


def test_a_log_that_has_few_rows_the_policy_would_have_met_is_not_evaluable(log_of: LogOf) -> None:
    logger = build("fixed", {"shares": {"a0": 0.994, "a1": 0.002, "a2": 0.002, "a3": 0.002}})
    found = replayed(replayable(log_of(logger, ROUNDS, 1)), DoublyRobust())
    assert found.verdict.level is Level.NOT_EVALUABLE
    assert "could learn from" in words(found)


def test_a_log_that_carries_few_decisions_is_a_caution(log_of: LogOf, leaning: Policy) -> None:
    found = replayed(replayable(log_of(leaning, ROUNDS, 1)), DoublyRobust())
    assert 50 <= found.decisions < 500
    assert found.verdict.level is Level.CAUTION
    assert "decisions only" in words(found)


def test_an_action_that_the_logger_never_chose_is_not_evaluable(log_of: LogOf) -> None:
    logger = build("fixed", {"shares": {"a0": 0.4, "a1": 0.3, "a2": 0.3}})
    found = replayed(replayable(log_of(logger, ROUNDS, 1)), DoublyRobust())
    assert found.verdict.level is Level.NOT_EVALUABLE
    assert "the logger never did" in words(found)


def test_one_replay_alone_is_a_caution(log_of: LogOf) -> None:
    found = replayed(replayable(log_of(UniformPolicy(), 4_000, 1)), DoublyRobust(), repeats=1)
    assert found.verdict.level is Level.CAUTION
    assert "one replay" in words(found)


def test_a_log_that_carries_it_is_trusted(log_of: LogOf) -> None:
    found = replayed(replayable(log_of(UniformPolicy(), 6_000, 1)), DoublyRobust())
    assert found.verdict.level is Level.TRUST, words(found)
