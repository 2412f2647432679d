"""What a candidate is besides its id: its features, as far as they say more than which one it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from engine.encode.names import safe
from engine.policies.learned_state import Part
from engine.policies.second_order.length import MeanLength
from engine.policies.second_order.names import NameSlots
from engine.policies.second_order.posterior import Matrix
from engine.types import Candidate
from engine.vowpal_guards import safe_features

MOST_FEATURES = 64


class Descriptions:
    """Candidates as rows of numbers, their usual length 1; slot 0 is 1. Learns which names there are."""

    def __init__(self) -> None:
        self._slots = NameSlots(MOST_FEATURES)
        self._length = MeanLength()

    @property
    def width(self) -> int:
        """Numbers a candidate."""
        return len(self._slots)

    def observe(self, candidate: Candidate) -> None:
        """Count one learned candidate in."""
        features = own_features(candidate)
        self._slots.give(sorted(features))
        self._length.observe(_squared(features))

    def make(self, candidates: Sequence[Candidate]) -> Matrix:
        """One row a candidate, shape (K, ``width``). Names without a slot count nothing. Changes nothing."""
        described = np.zeros((len(candidates), self.width))
        described[:, 0] = 1.0
        for row, candidate in zip(described, candidates, strict=True):
            features = own_features(candidate)
            usual = self._length.of(_squared(features))
            for name, value in features.items():
                slot = self._slots.find(name)
                if slot is not None:
                    row[slot] = value / usual
        return described

    @property
    def part(self) -> Part:
        """Everything that was learned."""
        return Part(self._slots.names, (self._length.numbers,))

    def restore(self, part: Part) -> None:
        """Go on from what ``part`` was."""
        self._slots.restore(part.names)
        self._length.restore(part.arrays[0].astype(np.float64))


def own_features(candidate: Candidate) -> Mapping[str, float]:
    """All but the identity. Raises ``UnsafeExample`` for what cannot be learned."""
    features = safe_features(candidate.features)
    identity = safe(f"id={candidate.id}")
    return {name: value for name, value in features.items() if name != identity}


def any_described(candidates: Sequence[Candidate]) -> bool:
    """Whether any candidate has features of its own."""
    return any(not _is_bare(candidate) and own_features(candidate) for candidate in candidates)


def _is_bare(candidate: Candidate) -> bool:
    """What most candidates are, so that most are not looked at closely."""
    return len(candidate.features) == 1 and f"id={candidate.id}" in candidate.features


def _squared(features: Mapping[str, float]) -> float:
    return math.fsum(value * value for value in features.values())
