"""Tastes: log-odds of a response, bilinear in what a customer is like and what an action is like, drifting slowly."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

from features.vector import Scalar

Facets = Mapping[str, str]
"""What a customer and the situation are like, as categories: facet → value."""

MATCHES: Mapping[tuple[str, str], float] = {
    ("tone", "tone"): 1.0,
    ("category", "viewed_category"): 1.8,
    ("category", "favourite_category"): 1.2,
    ("category", "last_category"): 0.4,
}
"""(action feature, facet) → log-odds if both have the same value."""

TASTE_SCALE = 0.3
DRIFT_RADIANS = 0.7


@dataclass(frozen=True, slots=True)
class Tastes:
    """Weights drawn by hashing their names with the seed: any action feature there may ever be has its weights.

    A weight turns from one draw towards a second one while the run progresses from 0 to 1.
    """

    seed: int
    _drawn: dict[tuple[str, str, str], tuple[float, float]] = field(default_factory=dict, repr=False)

    def score(self, placement: str, facets: Facets, features: Mapping[str, Scalar], progress: float) -> float:
        """Log-odds, apart from a constant. Texts are categories, numbers and truth values are slopes."""
        cos, sin = math.cos(DRIFT_RADIANS * progress), math.sin(DRIFT_RADIANS * progress)
        total = 0.0
        for name, value in features.items():
            trait, amount = (f"{name}={value}", 1.0) if isinstance(value, str) else (name, float(value))
            for facet, taste in facets.items():
                start, end = self._weights(placement, trait, f"{facet}={taste}")
                total += amount * (cos * start + sin * end)
            total += _match(name, value, facets)
        return total

    def _weights(self, placement: str, trait: str, taste: str) -> tuple[float, float]:
        key = (placement, trait, taste)
        if key not in self._drawn:
            self._drawn[key] = (self._normal("start", key), self._normal("end", key))
        return self._drawn[key]

    def _normal(self, moment: str, key: tuple[str, str, str]) -> float:
        name = "\0".join((str(self.seed), moment, *key))
        draw = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
        return TASTE_SCALE * NormalDist().inv_cdf((draw + 0.5) / 2**64)


def _match(name: str, value: Scalar, facets: Facets) -> float:
    return sum(weight for (feature, facet), weight in MATCHES.items() if feature == name and facets.get(facet) == value)
