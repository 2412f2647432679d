"""Every candidate with the same probability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.policies.base import Policy
from engine.types import Candidate


class UniformPolicy(Policy):
    """The reference for lift: learns nothing, prefers nothing."""

    name = "uniform"

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        return [1.0 / len(candidates)] * len(candidates)
