"""Which rows a replay accepts, and that it does so reproducibly."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa

from engine.policies.base import Policy
from engine.policies.registry import build
from engine.policies.uniform import UniformPolicy
from simulator.logs.schema import LOG, LoggedBatch
from simulator.replay.accept import NEWEST, Careful, Steady, accepted
from simulator.replay.pace import Prices
from simulator.replay.rejection import Rejection
from simulator.replay.replay import replay
from simulator.replay.replayable import Replayable, replayable
from simulator.runs.streams import salt
from tests.simulator.replay.conftest import LogOf

ROUNDS = 4_000
SHARES = {"a0": 0.1, "a1": 0.2, "a2": 0.3, "a3": 0.4}
FIXED = partial(build, "fixed", {"shares": SHARES})
VW = partial(build, "vw", {"flags": "--cb_explore_adf --epsilon 0.1 -q SA -b 18"})


def without(batch: LoggedBatch, name: str) -> LoggedBatch:
    """The same with a column of nulls."""
    at = LOG.names.index(name)
    rows = batch.rows.set_column(at, LOG.field(at), pa.nulls(len(batch), LOG.field(at).type))
    return LoggedBatch(rows, batch.numbers)


def shares_learned(log: Replayable, most_lost: float = 0.01) -> tuple[np.ndarray, int]:
    found = accepted(FIXED(), log, salt("replay", 1), Careful(Prices.of(log), most_lost))
    chosen = log.batch.chosen[found.first :][found.learned]
    return np.bincount(chosen, minlength=4) / len(chosen), len(chosen)


def test_accepted_rows_are_distributed_as_if_the_policy_had_chosen(log_of: LogOf, leaning: Policy) -> None:
    log = replayable(log_of(leaning, ROUNDS, 1))
    shares, n = shares_learned(log)
    assert n > 500
    for share, probability in zip(shares, SHARES.values(), strict=True):
        assert abs(share - probability) < 4.0 * np.sqrt(probability * (1.0 - probability) / n) + 0.01


def test_contexts_are_not_bent_by_what_is_accepted(log_of: LogOf, leaning: Policy) -> None:
    log = replayable(log_of(leaning, ROUNDS, 1))
    found = accepted(FIXED(), log, salt("replay", 1), Careful(Prices.of(log), 0.0))
    met = np.array([example.shared["x0"] for example in log.decisions()])[found.first :]
    learned = met[found.learned]
    assert abs(learned.mean() - met.mean()) < 4.0 * met.std() / np.sqrt(len(learned))


def test_where_only_propensities_are_logged_the_same_is_learned_on_average(log_of: LogOf, leaning: Policy) -> None:
    log = replayable([without(batch, "pmf") for batch in log_of(leaning, ROUNDS, 1)])
    assert not log.has_pmfs
    shares, n = shares_learned(log)
    for share, probability in zip(shares, SHARES.values(), strict=True):
        assert abs(share - probability) < 4.0 * np.sqrt(probability * (1.0 - probability) / n) + 0.02


def test_rows_that_were_kept_less_often_are_accepted_more_often(log_of: LogOf) -> None:
    (batch,) = log_of(UniformPolicy(), ROUNDS, 1)
    keep = np.where(batch.chosen == 0, 0.25, 1.0)
    kept = batch.filter(np.random.default_rng(1).random(ROUNDS) < keep)
    rows = kept.rows.set_column(LOG.names.index("keep"), LOG.field("keep"), pa.array(keep[kept.numbers - 1]))
    shares, n = shares_learned(replayable([LoggedBatch(rows, kept.numbers)]))
    assert abs(shares[0] - SHARES["a0"]) < 4.0 * np.sqrt(0.09 / n) + 0.01


def test_the_pace_loses_no_more_than_it_may(log_of: LogOf, leaning: Policy) -> None:
    log = replayable(log_of(leaning, ROUNDS, 1))
    prices, every = Prices.of(log), slice(0, len(log))
    pmf = np.concatenate([FIXED().pmf(each.shared, each.candidates) for each in log.decisions()])
    paces = [prices.best_pace(every, pmf, most) for most in (0.0, 0.01, 0.1)]
    assert paces == sorted(paces)
    for pace, most in zip(paces, (0.0, 0.01, 0.1), strict=True):
        assert prices.lost(every, pmf, pace).mean() <= most < prices.lost(every, pmf, pace * 1.01).mean()
    assert paces[0] == np.min(log.batch.pmf / pmf) or abs(paces[0] / np.min(log.batch.pmf / pmf) - 1.0) < 1e-6


def test_a_policy_that_is_the_logger_is_accepted_everywhere(log_of: LogOf, leaning: Policy) -> None:
    log = replayable(log_of(leaning, 1_000, 1))
    found = accepted(leaning, log, salt("replay", 1), Careful(Prices.of(log), 0.01))
    assert found.learned.all()
    assert found.first == NEWEST


def test_a_replay_gives_the_same_digits_in_any_number_of_processes(log_of: LogOf, leaning: Policy) -> None:
    log = replayable(log_of(leaning, 1_500, 1))
    policies = [VW, FIXED]
    here, there = (list(replay(policies, log, Rejection(), repeats=2, processes=n)) for n in (1, 2))
    assert [each.ways for each in here] == [each.ways for each in there]
    assert len({way.value for way in here[0].ways}) == 2


def test_rows_are_replayed_in_the_order_of_time_however_they_are_split(log_of: LogOf, leaning: Policy) -> None:
    (batch,) = log_of(leaning, 1_000, 1)
    order = np.random.default_rng(2).permutation(len(batch))
    shuffled = LoggedBatch(batch.rows.take(pa.array(order)), batch.numbers[order])
    parts = [LoggedBatch(shuffled.rows.slice(at, 250), shuffled.numbers[at : at + 250]) for at in range(0, 1_000, 250)]
    one, other = replayable([batch]), replayable(parts)
    assert list(one.ids()) == list(other.ids())
    assert list(one.decisions()) == list(other.decisions())


def test_a_steady_pace_begins_with_the_first_row(log_of: LogOf) -> None:
    log = replayable(log_of(UniformPolicy(), 200, 1))
    found = accepted(FIXED(), log, salt("replay", 1), Steady(0.25))
    assert found.first == 0
    assert len(found.pace) == len(found.learned) == 200
