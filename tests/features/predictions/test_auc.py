"""The AUC is that of scikit-learn, and its interval covers the truth as often as it says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, norm
from sklearn.metrics import roc_auc_score

from features.predictions.auc import areas_of, auc_of, standard_error_of_difference

STUDIES = 400


def test_it_is_the_share_of_pairs_in_the_right_order_ties_counting_half() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        happened = rng.integers(0, 2, 60).astype(float)
        score = rng.integers(0, 8, 60) + happened
        assert auc_of(happened, score).value == pytest.approx(roc_auc_score(happened, score))


def test_its_interval_covers_the_truth_in_95_of_100_studies() -> None:
    rng = np.random.default_rng(1)
    truth = norm.cdf(1 / np.sqrt(2))
    happened = (np.arange(300) < 90).astype(float)
    intervals = [auc_of(happened, rng.normal(size=300) + happened) for _ in range(STUDIES)]
    covered = sum(each.low <= truth <= each.high for each in intervals)
    assert binom.ppf(1e-6, STUDIES, 0.93) <= covered <= STUDIES


def test_a_score_differs_from_itself_by_nothing_and_from_noise_by_something() -> None:
    rng = np.random.default_rng(2)
    happened = rng.integers(0, 2, 500).astype(float)
    score = rng.normal(size=500) + happened
    same = areas_of(happened, [score, score])
    assert standard_error_of_difference(same) == pytest.approx(0, abs=1e-9)
    other = areas_of(happened, [score, rng.normal(size=500)])
    assert other.values[0] - other.values[1] > 3 * standard_error_of_difference(other) > 0
