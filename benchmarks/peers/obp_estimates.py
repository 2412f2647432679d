"""Run by an interpreter that has Open Bandit Pipeline 0.5.7: what its estimators say of a given log, as JSON."""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import numpy as np
from obp.ope import (
    DirectMethod,
    DoublyRobust,
    DoublyRobustWithShrinkage,
    InverseProbabilityWeighting,
    SelfNormalizedDoublyRobust,
    SelfNormalizedInverseProbabilityWeighting,
    SwitchDoublyRobust,
)

NAMED: dict[str, Any] = {
    "ips": InverseProbabilityWeighting,
    "clipped_ips": InverseProbabilityWeighting,
    "snips": SelfNormalizedInverseProbabilityWeighting,
    "dm": DirectMethod,
    "dr": DoublyRobust,
    "sndr": SelfNormalizedDoublyRobust,
    "switch_dr": SwitchDoublyRobust,
    "dros": DoublyRobustWithShrinkage,
}


def main() -> None:
    """For each case (estimator, parameter or none) a value, in the order of the cases."""
    warnings.simplefilter("ignore")
    log, cases = np.load(sys.argv[1]), json.loads(sys.argv[2])
    given = {
        "reward": log["reward"],
        "action": log["chosen"],
        "pscore": log["propensity"],
        "action_dist": log["target"][:, :, None],
        "estimated_rewards_by_reg_model": log["forecasts"][:, :, None],
        "position": np.zeros(len(log["reward"]), dtype=int),
    }
    estimators = [NAMED[name](**({} if parameter is None else {"lambda_": parameter})) for name, parameter in cases]
    print(json.dumps([float(estimator.estimate_policy_value(**given)) for estimator in estimators]))


if __name__ == "__main__":
    main()
