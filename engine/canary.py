"""Does a model still learn? A frozen one predicts as if nothing had happened, so only trying shows it."""

from __future__ import annotations

from engine.policies.base import Policy
from engine.types import Candidate, TrainingExample

ROUNDS = 30
_SHARED = {"canary": 1.0}
_CANDIDATES = tuple(Candidate(name, name, {name: 1.0}) for name in ("canary=0", "canary=1"))


def still_learns(policy: Policy) -> bool:
    """Reward the less probable of two candidates nobody has seen, punish the other: its probability must rise.

    The policy is changed by it: give it a throw-away copy. Raises ``PolicyError`` if it gives no valid pmf.
    """
    before = policy.pmf(_SHARED, _CANDIDATES)
    favoured = before.index(min(before))
    for _ in range(ROUNDS):
        for chosen in (favoured, 1 - favoured):
            reward = float(chosen == favoured)
            policy.learn(TrainingExample(_SHARED, _CANDIDATES, chosen, propensity=0.5, reward=reward))
    return policy.pmf(_SHARED, _CANDIDATES)[favoured] > before[favoured]
