"""No row is forecast by a model that has seen it, nor, where the logger learned, one that has seen what came later."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.ope.choices import Choices
from simulator.ope.cross_fit import blocks_in_time, cross_fitted, folds_by_unit, progressively_fitted
from simulator.ope.dr import DR
from simulator.ope.ips import IPS

N, ACTIONS = 600, 3


def log(seed: int) -> tuple[Choices, np.ndarray]:
    rng = np.random.default_rng(seed)
    context, chosen = rng.normal(size=(N, 2)), rng.integers(ACTIONS, size=N)
    return Choices.alike(context, ACTIONS, chosen), rng.normal(context[:, 0] * chosen, 0.3)


def test_a_rows_own_reward_never_moves_its_forecast() -> None:
    choices, reward = log(1)
    folds = folds_by_unit(np.arange(N, dtype=np.uint64))
    before = cross_fitted(choices, reward, folds)
    changed = np.where(folds == 2, reward + 100.0, reward)
    after = cross_fitted(choices, changed, folds)
    assert np.array_equal(before.forecast[folds == 2], after.forecast[folds == 2])
    assert not np.array_equal(before.forecast[folds != 2], after.forecast[folds != 2])


def test_what_comes_later_never_moves_an_earlier_forecast() -> None:
    choices, reward = log(2)
    blocks = blocks_in_time(np.arange(N))
    before = progressively_fitted(choices, reward, blocks)
    after = progressively_fitted(choices, np.where(blocks >= 4, -reward, reward), blocks)
    assert np.array_equal(before.forecast[blocks <= 4], after.forecast[blocks <= 4])
    assert not np.array_equal(before.forecast[blocks > 4], after.forecast[blocks > 4])
    assert not before.forecast[blocks == 0].any()


def test_blocks_follow_time_grow_and_do_not_split_an_instant() -> None:
    blocks = blocks_in_time(np.arange(N))
    assert (np.diff(blocks) >= 0).all()
    assert np.bincount(blocks).tolist() == [12, 18, 30, 60, 90, 90, 150, 150]
    shuffled = np.random.default_rng(3).permutation(N)
    assert np.array_equal(blocks_in_time(shuffled), blocks[shuffled])
    assert len(np.unique(blocks_in_time(np.zeros(N, dtype=np.int64)))) == 1


def test_folds_keep_units_together_and_are_of_like_size() -> None:
    units = np.repeat(np.arange(N, dtype=np.uint64), 3)
    folds = folds_by_unit(units)
    assert all(len(set(folds[units == unit])) == 1 for unit in range(N))
    expected = N / 5
    assert np.abs(np.bincount(folds) / 3 - expected).max() < 4.0 * np.sqrt(expected * 0.8)


def test_the_baseline_is_the_mean_forecast_under_the_pmf() -> None:
    choices, reward = log(4)
    found = cross_fitted(choices, reward, folds_by_unit(np.arange(N, dtype=np.uint64)))
    pmf = np.random.default_rng(5).dirichlet(np.ones(ACTIONS), size=N)
    expected = (pmf * found.values.reshape(N, ACTIONS)).sum(axis=1)
    rows = found.evaluated(reward, np.full(N, 1.0 / ACTIONS), pmf.ravel())
    assert rows.baseline == pytest.approx(expected)
    assert rows.target == pytest.approx(pmf[np.arange(N), choices.chosen])


def test_rows_brought_into_one_order_give_the_same_digits() -> None:
    choices, reward = log(6)
    shuffle = np.random.default_rng(7).permutation(N)
    back = np.argsort(shuffle)
    folds = folds_by_unit(np.arange(N, dtype=np.uint64))
    found = cross_fitted(choices.take(shuffle).take(back), reward[shuffle][back], folds)
    assert np.array_equal(found.values, cross_fitted(choices, reward, folds).values)


def test_doubly_robust_with_it_varies_less_than_without() -> None:
    points: dict[str, list[float]] = {"dr": [], "ips": []}
    for seed in range(40):
        choices, reward = log(100 + seed)
        found = cross_fitted(choices, reward, folds_by_unit(np.arange(N, dtype=np.uint64)))
        pmf = np.tile([0.0, 0.1, 0.9], N)
        rows = found.evaluated(reward, np.full(N, 1.0 / ACTIONS), pmf)
        points["dr"].append(DR().estimate(rows))
        points["ips"].append(IPS().estimate(rows))
    assert np.std(points["dr"]) < 0.7 * np.std(points["ips"])
    assert abs(np.mean(points["dr"])) < 4.0 * np.std(points["dr"]) / np.sqrt(40)
