"""The log of a run is a log like any other: it is read, checked and found true."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.policies.registry import build
from simulator.audit.audit import Audit, merged
from simulator.audit.rows import sifted
from simulator.audit.verdict import Level, judged
from simulator.logs.faults import Faults
from simulator.logs.open import open_log
from simulator.logs.parquet import write_parquet
from simulator.ope.evaluated import Evaluated
from simulator.runs.logged import logged
from simulator.runs.steps import steps
from simulator.worlds.logistic import LogisticWorld

ROUNDS = 2_000


def test_a_log_of_a_run_has_its_rounds_and_choices(tmp_path: Path) -> None:
    world = LogisticWorld(actions=4)
    path = tmp_path / "log.parquet"
    assert write_parquet(logged(build("igw", {}), world, ROUNDS, 5), path) == ROUNDS
    faults = Faults()
    batches = list(open_log(path).batches(faults))
    assert (faults.good, faults.count) == (ROUNDS, 0)
    run = list(steps(build("igw", {}), world, ROUNDS, 5, "logger"))
    assert np.concatenate([batch.chosen for batch in batches]).tolist() == [step.chosen for step in run]
    learned = [example for batch in batches for example in batch.decisions()]
    assert [example.shared for example in learned] == [step.round.shared for step in run]
    assert [example.reward for example in learned] == [step.round.rewards[step.chosen] for step in run]
    assert [example.propensity for example in learned] == [step.pmf[step.chosen] for step in run]


def test_a_logs_propensities_are_found_true() -> None:
    parts = []
    for batch in logged(build("epsilon_greedy", {"epsilon": 0.5}), LogisticWorld(actions=4), ROUNDS, 5):
        usable, rows = sifted(batch)
        uniform = np.full(len(usable), 0.25)
        parts.append(Audit.of(usable, Evaluated(usable.reward, usable.propensity, uniform), rows))
    assert judged(merged(parts)).level is Level.TRUST


def test_rows_in_which_nothing_was_left_to_chance_teach_nothing() -> None:
    (batch,) = logged(build("fixed", {"shares": {"a1": 1.0}}), LogisticWorld(actions=3), 50, 1)
    assert not batch.learnable.any()
