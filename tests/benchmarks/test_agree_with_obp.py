"""The check against obp asks both sides of the same log; that obp agrees, it shows by itself where there is one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.agree_with_obp import ACTIONS, BY_VERB, CASES, Agreement, by_verb, made, ours, written


def test_the_log_is_of_probabilities_and_another_seed_makes_another() -> None:
    log = made(500, seed=1)
    assert log.target.sum(axis=1) == pytest.approx(1.0)
    assert 0.0 < log.propensity.min() <= log.propensity.max() <= 1.0
    assert set(log.chosen.tolist()) == set(range(ACTIONS))
    assert not np.array_equal(log.chosen, made(500, seed=2).chosen)
    assert np.array_equal(log.chosen, made(500, seed=1).chosen)


def test_every_case_has_a_value_and_parameters_are_used() -> None:
    rows = made(500, seed=1).evaluated()
    found = {case: ours(rows, case) for case in CASES}
    assert all(np.isfinite(value) for value in found.values())
    assert found["dros", 1.0] != found["dros", 50.0]


def test_an_agreement_shows_both_figures() -> None:
    found = Agreement("uniform", "maitred evaluate", ("dros", 5.0), 0.25, 0.5)
    assert found.apart == 0.25
    assert all(word in str(found) for word in ("uniform", "dros 5", "0.250000000000", "0.500000000000"))


@pytest.mark.slow
def test_the_verb_says_what_the_estimators_say(tmp_path: Path) -> None:
    log = made(2_000, seed=1)
    found = by_verb(written(log, tmp_path / "log.parquet"), "uniform")
    rows = log.of(np.full(ACTIONS, 1.0 / ACTIONS)).evaluated()
    assert found == pytest.approx({name: ours(rows, (name, None)) for name, _ in BY_VERB}, rel=0.0, abs=1e-12)


@pytest.mark.slow
def test_a_verb_that_gives_no_value_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="nowhere"):
        by_verb(written(made(200, seed=1), tmp_path / "log.parquet"), "baseline:action=nowhere")
