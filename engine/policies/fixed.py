"""Shares that somebody decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.errors import ConfigError
from engine.policies.base import Policy
from engine.types import Candidate


class FixedPolicy(Policy):
    """Each action with the share it was given, whatever the context; equal shares where no candidate has any.

    Args:
        shares: action id → share. Those of the candidates are made to sum to 1.

    Raises:
        ConfigError: a share that is negative or not finite.
    """

    name = "fixed"
    check_params = ({"shares": {"a1": 0.5, "a2": 0.3, "a5": 0.2}},)

    def __init__(self, shares: dict[str, float]) -> None:
        wrong = [id for id, share in shares.items() if not 0.0 <= share < float("inf")]
        if wrong:
            raise ConfigError(
                f"the share of {wrong[0]!r} is {shares[wrong[0]]}: expected a number that is not negative"
            )
        self.shares = shares

    @property
    def named_actions(self) -> frozenset[str]:
        """See ``Policy.named_actions``."""
        return frozenset(self.shares)

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        shares = [self.shares.get(candidate.id, 0.0) for candidate in candidates]
        total = sum(shares)
        return [share / total for share in shares] if total else [1.0 / len(shares)] * len(shares)
