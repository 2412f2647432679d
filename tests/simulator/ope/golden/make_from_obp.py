"""Makes the golden files beside it with Open Bandit Pipeline 0.5.7: shared inputs, and what obp says of them.

Needs Python 3.11 with numpy 1.26.4, pandas 1.5.3, scikit-learn 1.2.2, scipy 1.11.4, torch, matplotlib, seaborn, pyyaml,
tqdm, and then ``pip install --no-deps --ignore-requires-python obp==0.5.7 pyieoe``. Same seeds, same files.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from obp.dataset import MultiClassToBanditReduction
from obp.ope import (
    DirectMethod,
    DoublyRobust,
    DoublyRobustWithShrinkage,
    DoublyRobustWithShrinkageTuning,
    InverseProbabilityWeighting,
    InverseProbabilityWeightingTuning,
    OffPolicyEvaluation,
    SelfNormalizedDoublyRobust,
    SelfNormalizedInverseProbabilityWeighting,
    SwitchDoublyRobust,
    SwitchDoublyRobustTuning,
)
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

FOLDER = Path(__file__).parent
GRID = [0.5, 1.0, 2.0, 5.0, 20.0, 100.0, 1000.0]
DIGITS_SEED = 12345


def main() -> None:
    """Write ``logs.npz`` and ``expected.json``."""
    columns: dict[str, np.ndarray] = {}
    expected: dict[str, Any] = {"grid": GRID, "logs": {}}
    for name, log in _logs():
        columns |= {f"{name}.{column}": values for column, values in _per_row(log).items()}
        expected["logs"][name] = {"values": _values(log), "tuned": _tuned(log)}
    digits, expected["digits"] = _digits()
    columns |= {f"digits.{column}": values for column, values in digits.items()}
    np.savez_compressed(FOLDER / "logs.npz", **columns)
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


def _logs() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "clicks", _log(np.random.default_rng(1), rounds=1_000, actions=8, sharp=1.5, binary=True)
    yield "spend", _log(np.random.default_rng(2), rounds=600, actions=5, sharp=2.5, binary=False)


def _log(rng: np.random.Generator, rounds: int, actions: int, sharp: float, binary: bool) -> dict[str, Any]:
    """A soft-max logger, another soft-max target, and a model that is wrong in both directions."""
    truth = 1.0 / (1.0 + np.exp(-rng.normal(-0.5, 1.0, (rounds, actions))))
    logger = _softmax(sharp * rng.normal(size=(rounds, actions)))
    target = _softmax(sharp * (rng.normal(size=(rounds, actions)) + truth))
    action = np.array([rng.choice(actions, p=pmf) for pmf in logger])
    mean = truth[np.arange(rounds), action]
    reward = (rng.random(rounds) < mean).astype(float) if binary else rng.normal(4.0 * mean - 1.0, 1.0)
    model = np.clip(truth + rng.normal(0.05, 0.2, truth.shape), 0.0, 1.0) * (1.0 if binary else 3.0)
    return {
        "reward": reward,
        "action": action,
        "pscore": logger[np.arange(rounds), action],
        "action_dist": target[:, :, None],
        "estimated_rewards_by_reg_model": model[:, :, None],
        "position": np.zeros(rounds, dtype=int),
    }


def _softmax(scores: np.ndarray) -> np.ndarray:
    exp = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


def _per_row(log: dict[str, Any]) -> dict[str, np.ndarray]:
    rows = np.arange(len(log["reward"]))
    target, model = log["action_dist"][:, :, 0], log["estimated_rewards_by_reg_model"][:, :, 0]
    return {
        "reward": log["reward"],
        "propensity": log["pscore"],
        "target": target[rows, log["action"]],
        "forecast": model[rows, log["action"]],
        "baseline": (target * model).sum(axis=1),
    }


def _values(log: dict[str, Any]) -> list[dict[str, Any]]:
    cases: list[tuple[str, dict[str, float], Any]] = [
        ("dm", {}, DirectMethod()),
        ("ips", {}, InverseProbabilityWeighting()),
        ("snips", {}, SelfNormalizedInverseProbabilityWeighting()),
        ("dr", {}, DoublyRobust()),
        ("sndr", {}, SelfNormalizedDoublyRobust()),
        *(("clipped_ips", {"clip": value}, InverseProbabilityWeighting(lambda_=value)) for value in GRID),
        *(("switch_dr", {"threshold": value}, SwitchDoublyRobust(lambda_=value)) for value in (0.0, *GRID)),
        *(("dros", {"shrinkage": value}, DoublyRobustWithShrinkage(lambda_=value)) for value in (0.0, *GRID)),
    ]
    return [
        {"estimator": name, "params": params, "value": float(estimator.estimate_policy_value(**log))}
        for name, params, estimator in cases
    ]


def _tuned(log: dict[str, Any]) -> dict[str, dict[str, float]]:
    """What obp's SLOPE chooses of the grid, and the value at that."""
    chosen = {}
    for name, estimator in (
        ("clipped_ips", InverseProbabilityWeightingTuning(lambdas=GRID)),
        ("switch_dr", SwitchDoublyRobustTuning(lambdas=GRID)),
        ("dros", DoublyRobustWithShrinkageTuning(lambdas=GRID)),
    ):
        value = float(estimator.estimate_policy_value(**log))
        chosen[name] = {"chosen": float(estimator.best_hyperparam), "value": value}
    return chosen


def _digits() -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """The one-liner of obp's README: a classifier's digits as a log, a forest as the target."""
    x, y = load_digits(return_X_y=True)
    data = MultiClassToBanditReduction(X=x, y=y, base_classifier_b=LogisticRegression(random_state=DIGITS_SEED))
    data.split_train_eval(eval_size=0.7, random_state=DIGITS_SEED)
    log = data.obtain_batch_bandit_feedback(random_state=DIGITS_SEED)
    target = data.obtain_action_dist_by_eval_policy(base_classifier_e=RandomForestClassifier(random_state=DIGITS_SEED))
    truth = float(data.calc_ground_truth_policy_value(action_dist=target))
    errors = OffPolicyEvaluation(
        bandit_feedback=log, ope_estimators=[InverseProbabilityWeighting()]
    ).evaluate_performance_of_estimators(ground_truth_policy_value=truth, action_dist=target, metric="relative-ee")
    rows = {
        "reward": log["reward"].astype(float),
        "propensity": log["pscore"],
        "target": target[np.arange(log["n_rounds"]), log["action"], 0],
    }
    return rows, {"truth": truth, "relative_error_of_ips": float(errors["ipw"])}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
