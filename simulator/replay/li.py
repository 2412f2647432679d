"""Replay of a uniform log. L. Li, W. Chu, J. Langford, X. Wang, "Unbiased offline evaluation of
contextual-bandit-based news article recommendation algorithms", WSDM (2011)."""

from __future__ import annotations

import numpy as np

from engine.errors import NotEvaluable
from engine.policies.base import Policy
from simulator.logs.schema import Array
from simulator.ope.evaluated import Evaluated
from simulator.replay.accept import Steady, accepted
from simulator.replay.method import Method, earned
from simulator.replay.replayable import Replayable
from simulator.replay.replayed import Replayed

TOLERANCE = 1e-4


class Li(Method):
    """The policy meets a row if it chooses what was logged. Only where all actions were equally likely, and equally
    many: elsewhere some contexts and actions would be met more often than others."""

    name = "li"
    estimator = "ips"

    def check(self, log: Replayable) -> None:
        """See ``Method.check``."""
        counts = np.diff(log.batch.offsets)
        uneven = np.flatnonzero(np.abs(log.batch.propensity * counts - 1.0) > TOLERANCE)
        if len(uneven):
            row = int(uneven[0])
            raise NotEvaluable(
                f"the log is not uniform: row {log.batch.numbers[row]} chose one of {counts[row]} with probability "
                f"{log.batch.propensity[row]:.4g}; replay it by rejection or doubly_robust"
            )
        if int(counts.min()) < int(counts.max()):
            raise NotEvaluable(
                f"rows have {counts.min()} to {counts.max()} candidates, and those with few would be met more often; "
                "replay the log by rejection or doubly_robust"
            )
        if log.thinned:
            raise NotEvaluable("rows were not all kept with the same probability; replay by rejection or doubly_robust")

    def replay(self, policy: Policy, log: Replayable, salt: bytes) -> Replayed:
        """See ``Method.replay``."""
        return accepted(policy, log, salt, Steady(float(log.price.min())))

    def evaluated(self, log: Replayable, replayed: Replayed, forecasts: Array | None) -> Evaluated:
        """See ``Method.evaluated``."""
        return earned(log, replayed)
