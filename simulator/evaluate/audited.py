"""Whether a log can say anything about a policy, before any number."""

from __future__ import annotations

from engine.policies.base import Policy
from simulator.evaluate.evaluation import Evaluation
from simulator.evaluate.read import read_for
from simulator.logs.log import Log
from simulator.watch import Watch, unwatched


def audited(log: Log, policy: Policy, *, watch: Watch = unwatched) -> Evaluation:
    """The verdict and its reasons; estimates are left to ``evaluate``. Raises like it."""
    return read_for(log, policy, watch).evaluation()
