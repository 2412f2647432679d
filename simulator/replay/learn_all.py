"""A policy learns from every row of a log, and is asked about each before."""

from __future__ import annotations

from array import array

import numpy as np

from engine.policies.base import Policy
from simulator.replay.replayable import Replayable
from simulator.replay.replayed import Replayed


def learned_all(policy: Policy, log: Replayable) -> Replayed:
    """Send a policy through the log; it learns with the logged propensities, from what the logger chose."""
    pmfs = array("d")
    for example in log.decisions():
        pmfs.extend(policy.pmf(example.shared, example.candidates))
        policy.learn(example)
    return Replayed(0, np.frombuffer(pmfs), np.ones(len(log), np.bool_), np.ones(len(log)))
