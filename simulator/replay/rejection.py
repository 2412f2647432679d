"""Replay of a log with propensities by rejection sampling, see ``replay.accept``."""

from __future__ import annotations

from engine.policies.base import Policy
from simulator.logs.schema import Array
from simulator.ope.evaluated import Evaluated
from simulator.replay.accept import Careful, accepted
from simulator.replay.method import Method, earned
from simulator.replay.pace import MOST_LOST, Prices
from simulator.replay.replayable import Replayable
from simulator.replay.replayed import Replayed


class Rejection(Method):
    """The policy learns from accepted rows, and what these earned is what it earned.

    Args:
        most_lost: of its probability, at the pace at which rows are accepted.
    """

    name = "rejection"
    estimator = "ips"

    def __init__(self, most_lost: float = MOST_LOST) -> None:
        self.most_lost = most_lost

    def check(self, log: Replayable) -> None:
        """Every log with propensities will do; whether enough is left of it shows at the end."""

    def replay(self, policy: Policy, log: Replayable, salt: bytes) -> Replayed:
        """See ``Method.replay``."""
        return accepted(policy, log, salt, Careful(Prices.of(log), self.most_lost))

    def evaluated(self, log: Replayable, replayed: Replayed, forecasts: Array | None) -> Evaluated:
        """See ``Method.evaluated``."""
        return earned(log, replayed)
