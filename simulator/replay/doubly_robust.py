"""Doubly robust replay: rejection decides what is learned, every row says what was earned.

M. Dudík, D. Erhan, J. Langford, L. Li, "Sample-efficient nonstationary policy evaluation for contextual bandits", UAI
(2012), algorithm DR-ns.
"""

from __future__ import annotations

from simulator.logs.schema import Array
from simulator.ope.evaluated import Evaluated
from simulator.replay.method import weighed
from simulator.replay.rejection import Rejection
from simulator.replay.replayable import Replayable
from simulator.replay.replayed import Replayed


class DoublyRobust(Rejection):
    """Far more rows than are accepted say what the policy, as it was then, would have earned.

    A row at twice the pace of another stands for twice as many of the policy's decisions.
    """

    name = "doubly_robust"
    estimator = "dr"
    needs_model = True

    def evaluated(self, log: Replayable, replayed: Replayed, forecasts: Array | None) -> Evaluated:
        """See ``Method.evaluated``."""
        kept = log.batch.keep[replayed.first :] / replayed.pace
        return weighed(log, replayed, kept / kept.max(), forecasts)
