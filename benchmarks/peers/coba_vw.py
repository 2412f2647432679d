"""Run by an interpreter that has coba: its Vowpal Wabbit learners on given rounds; prints rounds a second as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import coba
import numpy as np


class Given:
    """An environment of these contexts, each with the rewards of all actions."""

    def __init__(self, contexts: Any, rewards: Any) -> None:
        self.params: dict[str, Any] = {}
        self._contexts = contexts.tolist()
        self._rewards = rewards.tolist()

    def read(self) -> Iterator[Any]:
        """See coba's ``Environment``."""
        actions = [f"a{n}" for n in range(len(self._rewards[0]))]
        for context, rewards in zip(self._contexts, self._rewards, strict=True):
            yield coba.SimulatedInteraction(context, actions, rewards)


def main() -> None:
    """Time each learner once, whole."""
    given = np.load(sys.argv[1])
    learners = {
        "epsilon 0.05": coba.VowpalEpsilonLearner(epsilon=0.05, features=[1, "a", "ax"]),
        "squarecb": coba.VowpalSquarecbLearner(features=[1, "a", "ax"]),
    }
    rates = {}
    for name, learner in learners.items():
        start = time.process_time()
        rows = list(coba.SequentialCB(record=["reward"]).evaluate(Given(**given), learner))
        rates[name] = len(rows) / (time.process_time() - start)
        mean = sum(row["reward"] for row in rows) / len(rows)
        print(f"{name}: mean reward {mean:.3f}", file=sys.stderr)
    print(json.dumps(rates))


if __name__ == "__main__":
    main()
