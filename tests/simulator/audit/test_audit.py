"""A log that lies is found out before it gives a number; one that does not is trusted."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from simulator.audit.audit import Audit, merged
from simulator.audit.rows import Snapshot, sifted
from simulator.audit.verdict import Level, judged
from simulator.logs.cells import lists_of
from simulator.logs.faults import Faults
from simulator.logs.open import open_log
from simulator.logs.schema import LOG, LoggedBatch
from simulator.ope.evaluated import Evaluated

DAY_US = 86_400_000_000
N, K = 6_000, 5
SKEWED = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
TARGET = np.array([0.1, 0.1, 0.2, 0.3, 0.3])


def drawn(pmf, n=N, seed=0):
    return np.random.default_rng(seed).choice(len(pmf), size=n, p=pmf)


def log_of(chosen, propensity, *, pmf=None, position=None, learnable=None, keep=None, start=0):
    """A log of the actions a0 … a4 over three days."""
    n = len(chosen)
    columns = {
        "id": pa.array([f"d{start + row}" for row in range(n)]),
        "time": pa.array(1_700_000_000_000_000 + np.arange(n) * 3 * DAY_US // n).cast(pa.timestamp("us", tz="UTC")),
        "candidates": lists_of(pa.array([f"a{arm}" for arm in range(K)]), n),
        "pmf": pa.nulls(n, LOG.field("pmf").type) if pmf is None else pa.array([list(pmf)] * n),
        "chosen": pa.array(chosen, pa.int32()),
        "propensity": pa.array(np.broadcast_to(propensity, n)),
        "position": pa.array(np.full(n, -1) if position is None else position),
        "reward": pa.array(np.ones(n)),
        "keep": pa.array(np.ones(n) if keep is None else keep),
        "learnable": pa.array(np.ones(n, bool) if learnable is None else learnable),
    }
    return LoggedBatch(pa.RecordBatch.from_pydict(columns), np.arange(1, n + 1))


def audit_of(batch, target=TARGET, learned=None, drawn=None):
    usable, rows = sifted(batch, learned)
    evaluated = Evaluated(usable.reward, usable.propensity, target[usable.chosen], keep=usable.keep)
    return Audit.of(usable, evaluated, rows, target_pmf=np.tile(target, len(usable)), drawn=drawn)


def verdict_of(batch, **options):
    return judged(audit_of(batch, **options))


@pytest.mark.parametrize("pmf", [np.full(K, 1 / K), SKEWED], ids=["uniform", "skewed"])
@pytest.mark.parametrize("logs_pmf", [True, False])
def test_a_true_log_is_trusted(pmf, logs_pmf):
    chosen = drawn(pmf)
    verdict = verdict_of(log_of(chosen, pmf[chosen], pmf=pmf if logs_pmf else None), drawn=drawn(TARGET, seed=1))
    assert (verdict.level, verdict.exit_code, verdict.reasons) == (Level.TRUST, 0, ())


def test_true_logs_are_seldom_doubted():
    """Tests at one in a thousand, so that of 300 logs at most 3 are doubted (Poisson: 99.6 %)."""
    doubted = 0
    for seed in range(300):
        chosen = drawn(SKEWED, n=1_000, seed=seed)
        doubted += verdict_of(log_of(chosen, SKEWED[chosen]), target=np.full(K, 1 / K)).level > Level.TRUST
    assert doubted <= 3


@pytest.mark.parametrize("logs_pmf", [True, False])
def test_one_in_n_logged_for_a_logger_that_was_not_uniform_is_found_out(logs_pmf):
    batch = log_of(drawn(SKEWED), 1 / K, pmf=np.full(K, 1 / K) if logs_pmf else None)
    verdict = verdict_of(batch, target=np.full(K, 1 / K))
    assert verdict.level is Level.NOT_EVALUABLE
    assert "every propensity is 1 / n, but the logger was not uniform" in str(verdict)
    assert verdict.exit_code == 4


def test_propensities_of_another_policy_are_found_out():
    chosen = drawn(SKEWED)
    verdict = verdict_of(log_of(chosen, SKEWED[::-1][chosen]))
    assert verdict.level is Level.NOT_EVALUABLE
    assert "mean weight overall is" in str(verdict)
    assert "actions were not chosen as often as their propensities say" in str(verdict)


def test_a_day_with_wrong_propensities_is_named():
    pmf = np.full(K, 1 / K)
    chosen = np.concatenate([drawn(pmf, N // 2), drawn(SKEWED, N // 2, seed=1)])
    verdict = verdict_of(log_of(chosen, pmf[chosen]))
    assert "mean weight on 2023-11-" in str(verdict)


def test_a_shared_seed_is_found_out():
    chosen = drawn(np.full(K, 1 / K), seed=7)
    batch = log_of(chosen, 1 / K)
    shared, own = (
        verdict_of(batch, target=np.full(K, 1 / K), drawn=drawn(np.full(K, 1 / K), seed=seed)) for seed in (7, 8)
    )
    assert shared.level is Level.NOT_EVALUABLE
    assert "share a seed: they drew the same in 100.0% of rows, not in 20.0%" in str(shared)
    assert own.level is Level.TRUST


def test_a_policy_that_is_certain_of_what_it_drew_does_not_share_a_seed():
    batch, target = log_of(drawn(np.full(K, 1 / K)), 1 / K), np.eye(K)[2]
    assert verdict_of(batch, target=target, drawn=np.full(N, 2)).level is Level.TRUST


def test_rows_that_the_policy_may_have_learned_from_are_left_out():
    pmf = np.full(K, 1 / K)
    positions = np.where(np.arange(N) < N // 2, 10, 20)
    batch = log_of(drawn(pmf), 1 / K, position=positions)
    some, none = audit_of(batch, learned=Snapshot(position=20)), audit_of(batch, learned=Snapshot(position=21))
    assert (some.rows.in_sample, some.rows.usable, judged(some).level) == (N // 2, N // 2, Level.CAUTION)
    assert (none.rows.in_sample, judged(none).level) == (N, Level.NOT_EVALUABLE)
    assert "in-sample" in str(judged(none))
    assert audit_of(batch, learned=Snapshot(time_us=0)).rows.in_sample == 0
    assert audit_of(batch, learned=Snapshot()).rows.in_sample == N


def test_rows_in_which_nothing_was_left_to_chance_are_left_out_and_counted():
    pmf = np.full(K, 1 / K)
    few = verdict_of(log_of(drawn(pmf), 1 / K, learnable=np.arange(N) % 10 > 0))
    assert (few.level, few.reasons[0].words) == (
        Level.TRUST,
        "600 rows in which nothing was left to chance were left out",
    )
    assert verdict_of(log_of(drawn(pmf), 1 / K, learnable=np.arange(N) % 10 == 0)).level is Level.CAUTION
    assert verdict_of(log_of(drawn(pmf), 1 / K, learnable=np.zeros(N, bool))).level is Level.NOT_EVALUABLE


def test_what_the_logger_never_did_is_not_evaluable():
    pmf = np.array([0.25, 0.25, 0.25, 0.25, 0.0])
    chosen = drawn(pmf)
    for given in (pmf, None):
        verdict = verdict_of(log_of(chosen, pmf[chosen], pmf=given))
        assert verdict.level is Level.NOT_EVALUABLE
        assert "30.0% of what the policy would do the logger never did" in str(verdict)


def test_few_effective_rows_are_not_evaluable():
    pmf = np.array([0.9985, 0.0005, 0.0005, 0.00025, 0.00025])
    chosen = drawn(pmf)
    verdict = verdict_of(log_of(chosen, pmf[chosen]), target=np.full(K, 1 / K))
    assert verdict.level is Level.NOT_EVALUABLE
    assert "the logger did too seldom what the policy would do" in str(verdict)


def test_rows_that_were_kept_with_a_known_probability_stand_for_those_that_were_not():
    chosen, rng = drawn(SKEWED, n=20_000), np.random.default_rng(5)
    keep = np.where(chosen == 0, 0.2, 0.9)
    kept = rng.random(20_000) < keep
    audit = audit_of(log_of(chosen[kept], SKEWED[chosen[kept]], keep=keep[kept]))
    assert audit.weights.overall.mean_weight == pytest.approx(1.0, abs=0.05)


def test_batches_in_any_order_make_the_same_audit():
    chosen = drawn(SKEWED)
    whole = log_of(chosen, SKEWED[chosen], pmf=SKEWED)
    parts = [LoggedBatch(whole.rows.slice(at, 700), whole.numbers[at : at + 700]) for at in range(0, N, 700)]
    expected = audit_of(whole)
    for order in (parts, parts[::-1]):
        found = merged(audit_of(part) for part in order)
        assert found.rows == expected.rows
        assert found.weights.top == expected.weights.top
        assert found.weights.effective == pytest.approx(expected.weights.effective, rel=1e-12)
        assert {d.name: d.z for d in found.weights.deviations()} == pytest.approx(
            {d.name: d.z for d in expected.weights.deviations()}, rel=1e-9
        )
        assert {d.name: d.z for d in found.actions.deviations()} == pytest.approx(
            {d.name: d.z for d in expected.actions.deviations()}, rel=1e-9, abs=1e-6
        )
    assert judged(Audit()).level is Level.NOT_EVALUABLE


def test_open_bandit_bts_says_nothing_of_the_random_policy(datasets):
    log = open_log(datasets / "open_bandit_small" / "bts_women.csv.gz")
    audits = []
    for batch in log.batches(
        Faults(), columns=("id", "time", "candidates", "chosen", "propensity", "reward", "position", "learnable")
    ):
        usable, rows = sifted(batch)
        evaluated = Evaluated(usable.reward, usable.propensity, np.full(len(usable), 1 / 46))
        audits.append(Audit.of(usable, evaluated, rows, target_pmf=np.full(46 * len(usable), 1 / 46)))
    audit = merged(audits)
    assert audit.weights.effective == pytest.approx(2.1, abs=0.05)
    assert audit.weights.largest == pytest.approx(21_739, abs=1)
    assert audit.weights.overall.mean_weight == pytest.approx(3.13, abs=0.005)
    assert judged(audit).level is Level.NOT_EVALUABLE


def test_open_bandit_random_is_trusted_for_the_random_policy(datasets):
    log = open_log(datasets / "open_bandit_small" / "random_women.csv.gz")
    for batch in log.batches(Faults()):
        usable, rows = sifted(batch)
        evaluated = Evaluated(usable.reward, usable.propensity, np.full(len(usable), 1 / 46))
        verdict = judged(Audit.of(usable, evaluated, rows, target_pmf=np.full(46 * len(usable), 1 / 46)))
        assert verdict.level is Level.TRUST, str(verdict)
