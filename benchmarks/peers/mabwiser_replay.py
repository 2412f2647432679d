"""Run by an interpreter that has mabwiser: its simulator's LinUCB on a log; prints what it says of it as JSON."""

from __future__ import annotations

import json
import sys
import warnings

import numpy as np
from mabwiser.mab import MAB, LearningPolicy
from mabwiser.simulator import Simulator

BATCH = 100


def main() -> None:
    """Half of the log to begin with, the other half replayed as mabwiser's manual does it."""
    warnings.simplefilter("ignore")
    log = dict(np.load(sys.argv[1]))
    policy = MAB(list(range(log["expected"].shape[1])), LearningPolicy.LinUCB(alpha=0.3))
    simulator = Simulator(
        [("linucb", policy)],
        decisions=log["chosen"],
        rewards=log["reward"],
        contexts=log["contexts"],
        test_size=0.5,
        is_ordered=True,
        batch_size=BATCH,
    )
    simulator.run()
    chosen = np.array(simulator.bandit_to_predictions["linucb"])
    expected = log["expected"][-len(chosen) :]
    said = sum(each["sum"] for each in _by_arm(simulator)) / len(chosen)
    print(json.dumps({"said": said, "true": float(expected[np.arange(len(chosen)), chosen].mean())}))


def _by_arm(simulator: Simulator) -> list[dict[str, float]]:
    stats = simulator.bandit_to_arm_to_stats_avg["linucb"]
    return [each for each in stats["total"].values() if each["count"]]


if __name__ == "__main__":
    main()
