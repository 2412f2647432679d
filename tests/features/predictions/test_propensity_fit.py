"""A propensity is learned from the past alone, judged on what came later, and never praised beyond that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss

from features.errors import PredictionError
from features.predictions.from_outcomes import Asking, known_from
from features.predictions.past_outcomes import outcomes, parts_of, times_of
from features.predictions.propensity import Asked, Fitted, fit_propensity
from features.predictions.table import Floats, Table
from tests.features.predictions.people import NOW_US, table_of

ROWS = 5_000
ASKED = Asked("conversion", "bought", "user_predictions.conversion_propensity", "a.csv", NOW_US, 0)


def people(rows: int = ROWS, seed: int = 0) -> tuple[Table, Floats, Floats]:
    """What is known of them, what decides, and chance."""
    rng = np.random.default_rng(seed)
    visits = rng.poisson(4, rows).astype(float)
    gold = rng.random(rows) < 0.3
    logit = 0.5 * visits - 4 + 1.5 * gold
    hidden = rng.random(rows) < 0.2
    table = table_of(
        {"visits": np.where(hidden, np.nan, visits), "noise": rng.normal(size=rows)},
        {"tier": np.where(gold, "gold", "new").tolist()},
    )
    return table, logit, rng.random(rows)


def fit(table: Table, happened: Floats) -> Fitted:
    return fit_propensity(table, happened, np.arange(table.rows), ASKED)


def came_true(logit: Floats, chance: Floats) -> Floats:
    return (chance < expit(logit)).astype(float)


@pytest.fixture(scope="module")
def steady() -> Fitted:
    table, logit, chance = people()
    return fit(table, came_true(logit, chance))


def test_what_is_steady_is_learned_and_its_probabilities_are_right(steady: Fitted) -> None:
    found = steady.propensity
    assert (found.ranks, found.reliability.calibrated) == (True, True)
    assert found.auc.low > 0.7
    assert found.auc.low < found.auc.value < found.auc.high
    assert found.reliability.brier < found.reliability.brier_constant
    assert "can be taken at their word" in found.verdict
    assert list(found.goes_by)[-1] == "noise"
    assert {name: part.rows for name, part in found.parts.items()} == {
        "train": 3_000,
        "calibrate": 1_000,
        "test": 1_000,
    }


def test_the_figures_are_of_the_last_fifth(steady: Fitted) -> None:
    _, logit, chance = people()
    later = came_true(logit, chance)[4_000:]
    assert steady.propensity.reliability.brier == pytest.approx(brier_score_loss(later, steady.predicted[4_000:]))
    assert steady.propensity.reliability.came_true == later.mean()
    bins = steady.propensity.reliability.bins
    assert sum(each.rows for each in bins) == len(later)
    assert sum(each.rows * each.came_true for each in bins) == pytest.approx(later.sum())


def test_nothing_is_learned_from_the_rows_to_test_on() -> None:
    table, logit, chance = people()
    happened = came_true(logit, chance)
    other = happened.copy()
    other[4_000:] = 1 - other[4_000:]
    assert np.array_equal(fit(table, happened).predicted, fit(table, other).predicted)


def test_a_rate_that_moves_is_told_and_the_probabilities_are_not_praised() -> None:
    table, logit, chance = people()
    moved = logit + np.where(np.arange(ROWS) < 4_000, -1.5, 1.0)
    found = fit(table, came_true(moved, chance)).propensity
    assert found.ranks
    assert not found.reliability.calibrated
    assert found.verdict.startswith("the probabilities cannot be taken at their word: said ")
    assert "the rate moved, from" in found.verdict
    assert found.verdict.endswith("Use them to rank users, not as rates")


def test_what_tells_nothing_is_of_no_use() -> None:
    table, _, chance = people()
    found = fit(table, (chance < 0.3).astype(float)).propensity
    assert not found.ranks
    assert found.verdict.startswith("of no use")


def test_what_turns_round_is_not_followed() -> None:
    table, logit, chance = people()
    turned = np.where(np.arange(ROWS) < 3_000, logit, -logit)
    found = fit(table, came_true(turned, chance))
    assert found.propensity.aucs["logistic"] < 0.5


def test_a_column_that_gives_the_outcome_away_is_asked_about() -> None:
    table, logit, chance = people()
    happened = came_true(logit, chance)
    rng = np.random.default_rng(9)
    leak = table_of({"talked": happened * 60 + rng.exponential(30, ROWS)})
    found = fit(Table(ROWS, (*table.columns, *leak.columns)), happened).propensity
    assert found.dominant == "talked"
    assert fit(table, happened).propensity.goes_by.keys() == {"visits", "noise", "tier"}


def test_those_whose_outcome_is_not_known_yet_are_predicted_too() -> None:
    table, logit, chance = people()
    happened = came_true(logit, chance)
    happened[::10] = np.nan
    found = fit(table, happened)
    assert found.propensity.unknown_outcomes == ROWS // 10
    assert sum(part.rows for part in found.propensity.parts.values()) == ROWS - ROWS // 10
    assert np.all((found.predicted > 0) & (found.predicted < 1))


def test_values_that_were_never_seen_are_predicted_too() -> None:
    table, logit, chance = people(2_000)
    tiers = ["old"] * 1_200 + ["brand new"] * 800
    whole = Table(2_000, (*table.columns[:2], *table_of({"x": np.zeros(2_000)}, {"tier": tiers}).columns))
    assert np.all(np.isfinite(fit(whole, came_true(logit, chance)).predicted))


def test_what_happened_at_one_moment_stays_together() -> None:
    times = np.repeat(np.arange(10), 100)
    parts = parts_of(np.tile([0.0, 1.0], 500), times[::-1].copy())
    ends = [set(times[::-1][places].tolist()) for places in parts]
    assert ends == [{0, 1, 2, 3, 4, 5}, {6, 7}, {8, 9}]


@pytest.mark.parametrize("happened", [np.zeros(1_000), np.full(1_000, np.nan), (np.arange(1_000) < 500) * 1.0])
def test_a_part_without_both_outcomes_is_refused(happened: Floats) -> None:
    with pytest.raises(PredictionError, match=r"by time, the rows to \w+ on"):
        parts_of(happened, np.arange(1_000))


def test_outcomes_are_read_as_they_are_written() -> None:
    for values in (["yes", "no", None], [1, 0, None], [1.0, 0.0, None], [True, False, None], ["1", "0", None]):
        assert outcomes("y", pa.array(values), None).tolist()[:2] == [1.0, 0.0]
        assert np.isnan(outcomes("y", pa.array(values), None)[2])
    assert outcomes("y", pa.array(["gone", "here"]), "gone").tolist() == [1.0, 0.0]
    for column, why in ((["gone", "here"], "neither yes nor no: say with --positive"), ([0, 2], "says '2'")):
        with pytest.raises(PredictionError, match=why):
            outcomes("y", pa.array(column), None)
    with pytest.raises(PredictionError, match="row 2 has no time"):
        times_of("at", pa.array(["2026-01-01", "soon"]))


def test_everybodys_newest_row_is_predicted_for(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("who,at,x,bought\na,2026-03-01,1,yes\nb,2026-01-01,2,no\na,2026-02-01,3,\n")
    known = known_from(path, Asking("bought", None, "at", "who", (), {}))
    keys, places = known.newest()
    assert dict(zip(keys.to_pylist(), places.tolist(), strict=True)) == {"a": 0, "b": 1}
    assert [column.name for column in known.table.columns] == ["x"]
    assert known.happened.tolist()[:2] == [1.0, 0.0]
