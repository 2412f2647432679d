"""Business as usual: one fixed action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.policies.base import Policy
from engine.types import Candidate


class BaselinePolicy(Policy):
    """All probability on ``action``; on the first candidate where ``action`` is not among them."""

    name = "baseline"
    check_params = ({"action": "a1"},)

    def __init__(self, action: str) -> None:
        self.action = action

    @property
    def named_actions(self) -> frozenset[str]:
        """See ``Policy.named_actions``."""
        return frozenset([self.action])

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        pmf = [float(candidate.id == self.action) for candidate in candidates]
        if not any(pmf):
            pmf[0] = 1.0
        return pmf
