"""Propensities that nobody logged are near the true ones where the context says all, and are never taken for logged."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import NotEvaluable
from simulator.audit.audit import Audit
from simulator.audit.estimated import estimated
from simulator.audit.rows import sifted
from simulator.audit.verdict import Level, judged
from simulator.logs.faults import Faults
from simulator.logs.mapping import Columns
from simulator.logs.open import open_log
from simulator.ope.evaluated import Evaluated

N = 4_000
BY_TOWN = {"Oslo": [0.7, 0.2, 0.1], "Rome": [0.1, 0.3, 0.6]}


def log(n=N, seed=0):
    rng = np.random.default_rng(seed)
    towns = rng.choice(list(BY_TOWN), n)
    arms = np.array([rng.choice(3, p=BY_TOWN[town]) for town in towns])
    frame = pa.table({"town": towns, "arm": [f"a{arm}" for arm in arms], "reward": rng.random(n)})
    columns = Columns(reward="reward", action="arm", features={"town": "category"})
    truth = np.array([BY_TOWN[town][arm] for town, arm in zip(towns, arms, strict=True)])
    return list(open_log(frame, columns=columns).batches(Faults())), truth


def test_they_are_near_the_true_ones():
    """Each of the six is a share of about 2,000 rows, with a standard error of at most 0.012."""
    batches, truth = log()
    found = estimated(batches)
    propensity = np.concatenate([batch.propensity for batch in found.batches])
    assert np.abs(propensity - truth).max() < 4 * 0.012
    assert 0.8 < found.temperature < 1.25
    assert found.log_loss < found.chance
    assert (3.0 * np.mean(propensity)) > 1.0


def test_they_are_labelled_and_never_trusted_blindly():
    (batch,) = estimated(log()[0]).batches
    assert batch.propensities == "estimated"
    usable, rows = sifted(batch.filter(np.arange(len(batch)) % 2 == 0))
    assert usable.propensities == "estimated"
    evaluated = Evaluated(usable.reward, usable.propensity, np.full(len(usable), 1 / 3))
    verdict = judged(Audit.of(usable, evaluated, rows))
    assert verdict.level is Level.CAUTION
    assert "propensities are estimated" in str(verdict)


def test_actions_that_were_no_candidates_take_no_probability():
    rng = np.random.default_rng(1)
    lists = [["a", "b"] if each else ["b", "c", "d"] for each in rng.random(1_500) < 0.5]
    frame = pa.table({"r": np.ones(1_500), "arm": [str(rng.choice(each)) for each in lists], "list": lists})
    batches = list(open_log(frame, columns=Columns(reward="r", action="arm", actions="list")).batches(Faults()))
    (batch,) = estimated(batches).batches
    assert (batch.propensity > 0).all()
    by_size = [batch.propensity[np.diff(batch.offsets) == size].mean() for size in (2, 3)]
    assert by_size[0] > by_size[1]


def test_the_same_rows_give_the_same_digits():
    first, second = (estimated(log(n=600)[0]).batches[0].propensity for _ in range(2))
    assert (first == second).all()


def test_too_few_rows_and_loggers_without_chance_are_refused():
    with pytest.raises(NotEvaluable, match="are needed to estimate"):
        estimated(log(n=100)[0])
    frame = pa.table({"r": np.ones(500), "arm": ["a"] * 500})
    columns = Columns(reward="r", action="arm", actions=("a", "b"))
    with pytest.raises(NotEvaluable, match="always chose the same"):
        estimated(list(open_log(frame, columns=columns).batches(Faults())))
    with pytest.raises(NotEvaluable, match="no rows"):
        estimated([])
