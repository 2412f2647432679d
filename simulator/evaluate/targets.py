"""What a policy would have done in each row of a log."""

from __future__ import annotations

import numpy as np

from engine.errors import NotEvaluable
from engine.policies.base import Policy
from simulator.logs.schema import Array, LoggedBatch


def target_pmf(policy: Policy, batch: LoggedBatch) -> Array:
    """The policy's probabilities of all candidates of all rows, flat, as ``batch.actions`` has them.

    Args:
        batch: rows with a chosen action and a reward each, as ``sifted`` gives them.

    Raises:
        NotEvaluable: the policy learns: what it would have done depends on what it would have seen.
    """
    if policy.learns:
        raise NotEvaluable(f"{policy.name} learns as it goes, and has learned nothing yet: replay it on the log")
    rows = [policy.pmf(example.shared, example.candidates) for example in batch.decisions()]
    return np.array([p for row in rows for p in row], dtype=np.float64)
