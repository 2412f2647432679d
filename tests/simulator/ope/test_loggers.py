"""Several loggers are as one that had decided by their mixture."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import NotEvaluable
from simulator.ope.evaluated import Evaluated
from simulator.ope.ips import IPS
from simulator.ope.loggers import balanced, shares_of

ACTIONS = 4


def two_loggers(n: int, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray, np.ndarray]:
    """A uniform one and a sharp one, half of the traffic each: probabilities, who decided, chosen, reward."""
    rng = np.random.default_rng(seed)
    sharp = rng.dirichlet(np.full(ACTIONS, 0.05), size=n) * 0.99 + 0.01 / ACTIONS
    pmfs = {"random": np.full((n, ACTIONS), 1.0 / ACTIONS), "sharp": sharp}
    who = rng.integers(2, size=n)
    logger = np.where(who[:, None] == 0, pmfs["random"], sharp)
    chosen = (rng.random((n, 1)) > logger.cumsum(axis=1)[:, :-1]).sum(axis=1)
    reward = (rng.random(n) < 0.2 + 0.15 * chosen).astype(float)
    of_chosen = {name: pmf[np.arange(n), chosen] for name, pmf in pmfs.items()}
    return of_chosen, np.where(who == 0, "random", "sharp"), chosen, reward


def test_the_value_is_right_and_varies_less_than_with_each_rows_own_probability() -> None:
    found = {"balanced": [], "own": []}
    for seed in range(200):
        probabilities, who, chosen, reward = two_loggers(400, seed)
        target = (chosen == 3).astype(float)
        own = np.where(who == "random", probabilities["random"], probabilities["sharp"])
        for name, propensity in {
            "balanced": balanced(probabilities, {"random": 0.5, "sharp": 0.5}),
            "own": own,
        }.items():
            found[name].append(IPS().estimate(Evaluated(reward, propensity, target)))
    spread = np.std(found["balanced"], ddof=1)
    assert abs(np.mean(found["balanced"]) - 0.65) <= 4.0 * spread / np.sqrt(200)
    assert spread < 0.5 * np.std(found["own"], ddof=1)


def test_a_logger_that_never_draws_may_take_part() -> None:
    mixture = balanced(
        {"control": np.array([1.0, 0.0]), "random": np.array([0.25, 0.25])}, {"control": 0.8, "random": 0.2}
    )
    assert mixture == pytest.approx([0.85, 0.05])


def test_shares_are_counted_where_no_rule_split_the_traffic() -> None:
    assert shares_of(["a", "b", "a", "a"]) == {"a": 0.75, "b": 0.25}


@pytest.mark.parametrize(
    ("propensities", "shares", "complaint"),
    [
        ({"a": np.array([0.5])}, {"a": 0.9}, "do not sum to 1"),
        ({"a": np.array([0.5])}, {"a": 0.5, "b": 0.5}, "shares of"),
        ({"a": np.array([0.5, np.nan])}, {"a": 1.0}, "probability of row 1 is not known"),
        ({"a": np.array([0.5, 0.0])}, {"a": 1.0}, "could have made row 1"),
        ({"a": np.array([0.5]), "b": np.array([0.5, 0.5])}, {"a": 0.5, "b": 0.5}, "'b' has"),
        ({}, {}, "shares of"),
    ],
)
def test_what_cannot_be_mixed_is_refused(propensities, shares, complaint: str) -> None:
    with pytest.raises(NotEvaluable, match=complaint):
        balanced(propensities, shares)
