"""Foresight is the area under the ROC curve, and is not mistaken for what a sample happens to show."""

from __future__ import annotations

import math

import numpy as np
import pytest

from features.lint.leakage import BOUND, by_category, foresight


def test_foresight_is_the_share_of_pairs_that_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    scores, better = np.round(rng.normal(size=300), 1), rng.random(300) < 0.4
    pairs = [1.0 if good > bad else 0.5 if good == bad else 0.0 for good in scores[better] for bad in scores[~better]]
    area = float(np.mean(pairs))
    told = foresight(scores, better)
    assert told is not None
    assert told.auc == pytest.approx(max(area, 1.0 - area))


def test_whichever_way_round_it_tells_the_reward() -> None:
    better = np.arange(200) >= 100
    up, down = foresight(np.arange(200.0), better), foresight(-np.arange(200.0), better)
    assert up == down
    assert up is not None
    assert up.auc == up.least == 1.0


def test_too_few_of_one_kind_tell_nothing() -> None:
    assert foresight(np.arange(200.0), np.arange(200) >= 175) is None


def test_the_bound_is_out_of_reach_for_what_can_be_known_before() -> None:
    """Two normal scores that lie 1.5 deviations apart have an AUC of 0.856: more than a bot's best feature."""
    rng = np.random.default_rng(2)
    for _ in range(50):
        better = rng.random(500) < 0.3
        told = foresight(rng.normal(size=500) + 1.5 * better, better)
        assert told is not None
        assert told.least < BOUND


def test_a_category_of_ones_own_tells_nothing_of_others() -> None:
    """The shares come from other people, so that remembering who they are is no foresight."""
    rng = np.random.default_rng(3)
    units = np.repeat(np.arange(400), 5)
    better = (rng.random(400) < 0.5)[units]
    scores = by_category(units.astype(str).astype(object), better, units)
    told = foresight(scores, better)
    assert told is not None
    assert told.auc < 0.5 + 4.0 / math.sqrt(400)


def test_a_category_that_means_the_reward_tells_it() -> None:
    units = np.arange(600)
    better = units % 3 == 0
    stage = np.array(["paid" if good else "home" for good in better], dtype=object)
    told = foresight(by_category(stage, better, units // 2), better)
    assert told is not None
    assert told.auc == 1.0
