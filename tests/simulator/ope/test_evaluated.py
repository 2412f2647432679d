"""Rows are checked once, when they are brought together."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import NotEvaluable
from simulator.ope.evaluated import Evaluated, concatenated

ONES = np.ones(3)


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"propensity": np.array([0.5, 0.0, 0.5])}, "propensity of row 1 is 0.0"),
        ({"propensity": np.array([0.5, 1.5, 0.5])}, "propensity of row 1 is 1.5"),
        ({"target": np.array([0.5, 0.5, -0.1])}, "target of row 2 is -0.1"),
        ({"keep": np.array([0.0, 0.5, 1.0])}, "keep of row 0"),
        ({"reward": np.array([1.0, np.nan, 1.0])}, "reward of row 1 is not a finite"),
        ({"forecast": np.ones(2), "baseline": ONES}, "forecast has shape"),
        ({"forecast": ONES}, "both forecast and baseline"),
        ({"target": np.ones((3, 1))}, "target has shape"),
    ],
)
def test_what_is_wrong_is_named_with_its_row(columns: dict[str, np.ndarray], complaint: str) -> None:
    with pytest.raises(NotEvaluable, match=complaint):
        Evaluated(**{"reward": ONES, "propensity": ONES, "target": ONES, **columns})


def test_huge_rewards_are_finite_even_if_their_sum_is_not() -> None:
    assert len(Evaluated(np.full(3, 1e308), ONES, ONES)) == 3


def test_some_of_the_rows_keep_their_columns() -> None:
    rows = Evaluated(np.arange(3.0), ONES, ONES, keep=np.array([0.5, 1.0, 1.0]))
    some = rows[np.array([True, False, True])]
    assert (some.reward.tolist(), some.weight.tolist(), some.forecast) == ([0.0, 2.0], [2.0, 1.0], None)
    assert [len(block) for block in rows.blocks(2)] == [2, 1]


def test_parts_come_together_in_order_and_what_was_all_kept_has_been_kept() -> None:
    first, second = Evaluated(ONES, ONES, ONES), Evaluated(0.0 * ONES, ONES, ONES, keep=0.5 * ONES)
    both = concatenated([first, second])
    assert both.reward.tolist() == [1.0] * 3 + [0.0] * 3
    assert both.decisions.tolist() == [1.0] * 3 + [2.0] * 3


def test_parts_with_and_without_a_model_do_not_come_together() -> None:
    with pytest.raises(NotEvaluable, match="some parts have a forecast"):
        concatenated([Evaluated(ONES, ONES, ONES), Evaluated(ONES, ONES, ONES, forecast=ONES, baseline=ONES)])
    with pytest.raises(NotEvaluable, match="no rows"):
        concatenated([])
