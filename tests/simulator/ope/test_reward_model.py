"""The reward model finds what depends on context and action together, whatever the candidates are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from engine.errors import NotEvaluable
from simulator.ope.choices import Choices
from simulator.ope.clicks import curve
from simulator.ope.narrow import crossed, narrowed
from simulator.ope.reward_model import fit
from simulator.ope.ridge import fitted

ACTIONS, COLUMNS = 4, 3


def interacting(n: int, seed: int, binary: bool) -> tuple[Choices, np.ndarray, np.ndarray]:
    """Decisions, rewards, and the true mean reward of every candidate: each action likes other contexts."""
    rng = np.random.default_rng(seed)
    context, taste = rng.normal(size=(n, COLUMNS)), np.random.default_rng(7).normal(size=(COLUMNS, ACTIONS))
    mean = 1.0 / (1.0 + np.exp(-2.0 * context @ taste)) if binary else 5.0 + context @ taste
    chosen = rng.integers(ACTIONS, size=n)
    of_chosen = mean[np.arange(n), chosen]
    reward = (rng.random(n) < of_chosen).astype(float) if binary else rng.normal(of_chosen, 1.0)
    return Choices.alike(sparse.csr_array(context), ACTIONS, chosen), reward, mean


@pytest.mark.parametrize(("binary", "explained"), [(True, 0.9), (False, 0.97)])
def test_interactions_are_learned(binary: bool, explained: float) -> None:
    model = fit(*interacting(4_000, 1, binary)[:2])
    choices, _, mean = interacting(2_000, 2, binary)
    error = ((model.forecasts(choices).reshape(-1, ACTIONS) - mean) ** 2).mean()
    assert error < (1.0 - explained) * mean.var()


def test_clicks_are_forecast_as_probabilities_and_amounts_are_not() -> None:
    clicks, amounts = fit(*interacting(1_000, 3, binary=True)[:2]), fit(*interacting(1_000, 3, binary=False)[:2])
    assert clicks.chance is not None
    assert amounts.chance is None
    forecasts = clicks.forecasts(interacting(500, 4, binary=True)[0])
    assert 0.0 <= forecasts.min() < 0.1 < 0.9 < forecasts.max() <= 1.0


def test_dense_and_sparse_contexts_say_the_same() -> None:
    choices, reward, _ = interacting(500, 5, binary=False)
    dense = Choices(choices.context.toarray(), choices.offsets, choices.action, choices.chosen)
    assert np.array_equal(fit(choices, reward).forecasts(choices), fit(dense, reward).forecasts(dense))


def test_candidates_may_vary_and_actions_may_be_new() -> None:
    choices, reward, mean = interacting(4_000, 6, binary=False)
    rng = np.random.default_rng(8)
    counts = rng.integers(1, ACTIONS + 1, size=4_000)
    action = np.concatenate([rng.permutation(ACTIONS)[:count] for count in counts])
    offsets = np.concatenate([[0], np.cumsum(counts)])
    chosen = rng.integers(counts)
    varied = Choices(choices.context, offsets, action, chosen)
    reward = rng.normal(mean[np.arange(4_000), action[varied.place]], 1.0)
    model = fit(varied, reward)
    error = ((model.forecasts(varied) - mean[varied.row, action]) ** 2).mean()
    assert error < 0.05 * mean.var()
    unknown = Choices(choices.context, offsets, action + ACTIONS, chosen)
    assert np.isfinite(model.forecasts(unknown)).all()


def test_features_of_actions_carry_over_to_actions_never_seen() -> None:
    rng = np.random.default_rng(9)
    n, features = 4_000, rng.normal(size=(60, 2))
    context, action = rng.normal(size=(n, 2)), rng.integers(40, size=n)
    offsets, chosen = np.arange(n + 1), np.zeros(n, dtype=np.int64)
    mean = 1.0 + (context * features[action]).sum(axis=1)
    model = fit(Choices(context, offsets, action, chosen, features[action]), rng.normal(mean, 0.5))
    new = rng.integers(40, 60, size=n)
    truth = 1.0 + (context * features[new]).sum(axis=1)
    forecasts = model.forecasts(Choices(context, offsets, new, chosen, features[new]))
    assert ((forecasts - truth) ** 2).mean() < 0.1 * truth.var()


def test_what_is_noise_is_forecast_by_its_mean() -> None:
    rng = np.random.default_rng(10)
    choices = Choices.alike(rng.normal(size=(2_000, 20)), ACTIONS, rng.integers(ACTIONS, size=2_000))
    forecasts = fit(choices, rng.normal(3.0, 1.0, 2_000)).forecasts(choices)
    assert ((forecasts - 3.0) ** 2).mean() < 20 * ACTIONS / 2_000


@pytest.mark.parametrize("reward", [np.zeros(50), np.ones(50), np.full(50, 2.5)])
def test_rewards_that_are_all_the_same_are_forecast(reward: np.ndarray) -> None:
    choices, _, _ = interacting(50, 11, binary=True)
    assert fit(choices, reward).forecasts(choices) == pytest.approx(reward[0])


def test_one_decision_is_enough_to_learn_from() -> None:
    choices, reward, _ = interacting(1, 12, binary=False)
    assert np.isfinite(fit(choices, reward).forecasts(choices)).all()


def test_thousands_of_columns_are_hashed_together() -> None:
    words = sparse.random_array((300, 5_000), density=0.01, rng=np.random.default_rng(13), format="csr")
    assert narrowed(words, 512).shape == (300, 512)
    assert np.array_equal(narrowed(words, 5_000), words.toarray())
    left, right = np.ones((3, 40)), np.ones((3, 30))
    assert crossed(left, right, 256).shape == (3, 256)
    assert crossed(left, right, 1_200).tolist() == np.ones((3, 1_200)).tolist()


def test_a_penalty_suits_several_regressions_and_what_is_left_out_is_honest() -> None:
    rng = np.random.default_rng(14)
    rows, y = rng.normal(size=(80, 5)), rng.normal(size=80)
    (fit_of_all,) = fitted([(rows, y + rows[:, 0] * 5.0)])
    assert fit_of_all.coefficients[0] == pytest.approx(5.0, abs=4.0 / np.sqrt(80))
    assert ((y + rows[:, 0] * 5.0 - fit_of_all.left_out) ** 2).mean() > 0.8
    nothing, _ = fitted([(rows, y), (rows, rng.normal(size=80))])
    assert np.abs(nothing.coefficients).max() < 0.3


def test_the_left_out_forecast_is_that_of_a_fit_without_the_row() -> None:
    rng = np.random.default_rng(15)
    for shape in ((30, 4), (6, 20)):
        rows = rng.normal(size=shape)
        y = rows[:, 0] + 0.1 * rng.normal(size=shape[0])
        (whole,) = fitted([(rows, y)])
        penalty = _penalty_of(rows, y, whole.coefficients)
        others = np.arange(1, shape[0])
        gram = rows[others].T @ rows[others] + penalty * np.eye(shape[1])
        without = np.linalg.solve(gram, rows[others].T @ y[others])
        assert whole.left_out[0] == pytest.approx(rows[0] @ without, rel=1e-6, abs=1e-9)


def _penalty_of(rows: np.ndarray, y: np.ndarray, coefficients: np.ndarray) -> float:
    """The penalty under which these are the coefficients: XᵀX b + λ b = Xᵀy."""
    left = rows.T @ (y - rows @ coefficients)
    return float(left @ coefficients / (coefficients @ coefficients))


def test_a_curve_through_clicks_is_near_the_truth() -> None:
    rng = np.random.default_rng(16)
    scores = rng.normal(size=20_000)
    found = curve(scores, (rng.random(20_000) < 1.0 / (1.0 + np.exp(1.0 - 2.0 * scores))).astype(float))
    assert (found.start, found.slope) == pytest.approx((-1.0, 2.0), abs=0.15)


@pytest.mark.parametrize(
    ("offsets", "chosen", "complaint"),
    [
        ([0, 0, 2], [0, 0], "row 0 has no candidates"),
        ([0, 1, 2], [0, 1], "row 1 chose none"),
        ([0, 1], [0], "different"),
    ],
)
def test_decisions_that_cannot_be_are_refused(offsets: list[int], chosen: list[int], complaint: str) -> None:
    with pytest.raises(NotEvaluable, match=complaint):
        Choices(np.zeros((2, 1)), np.array(offsets), np.zeros(2, dtype=np.int64), np.array(chosen))
