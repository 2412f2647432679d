"""Progressive validation: every row is forecast before it is learned.

A. Blum, A. Kalai, J. Langford, "Beating the hold-out: bounds for k-fold and progressive cross-validation", COLT (1999).
"""

from __future__ import annotations

from engine.errors import NotEvaluable
from engine.policies.base import Policy
from simulator.logs.schema import Array
from simulator.ope.evaluated import Evaluated
from simulator.replay.learn_all import learned_all
from simulator.replay.method import Method, weighed
from simulator.replay.replayable import Replayable
from simulator.replay.replayed import Replayed


class Progressive(Method):
    """The policy learns from all that the logger chose: what it would earn that learned from this log, not from its own
    decisions."""

    name = "progressive"
    estimator = "dr"
    needs_model = True
    own_history = False

    def check(self, log: Replayable) -> None:
        """See ``Method.check``."""
        if log.thinned:
            raise NotEvaluable("rows were not all kept with the same probability: the policy would learn a bent truth")

    def replay(self, policy: Policy, log: Replayable, salt: bytes) -> Replayed:
        """See ``Method.replay``."""
        return learned_all(policy, log)

    def evaluated(self, log: Replayable, replayed: Replayed, forecasts: Array | None) -> Evaluated:
        """See ``Method.evaluated``."""
        return weighed(log, replayed, log.batch.keep, forecasts)
