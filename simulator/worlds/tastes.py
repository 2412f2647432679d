"""Tastes: log-odds of a response, bilinear in what a customer is like and what an action is like, drifting slowly."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

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


class Appeal(NamedTuple):
    """Log-odds that one facet gives one action: ``steady``, and two parts between which tastes turn."""

    start: float
    end: float
    steady: float


@dataclass(frozen=True, slots=True)
class Tastes:
    """Weights drawn by hashing their names with the seed: any action feature there may ever be has its weights.

    A weight turns from one draw towards a second one while the run progresses from 0 to 1.
    """

    seed: int

    def appeal(self, placement: str, features: Mapping[str, Scalar], facet: str, taste: str) -> Appeal:
        """Of an action with these features. Texts are categories, numbers and truth values are slopes."""
        start = end = steady = 0.0
        for name, value in features.items():
            trait, amount = (f"{name}={value}", 1.0) if isinstance(value, str) else (name, float(value))
            key = (placement, trait, f"{facet}={taste}")
            start += amount * self._normal("start", key)
            end += amount * self._normal("end", key)
            steady += MATCHES.get((name, facet), 0.0) if value == taste else 0.0
        return Appeal(start, end, steady)

    def _normal(self, moment: str, key: tuple[str, str, str]) -> float:
        name = "\0".join((str(self.seed), moment, *key))
        draw = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
        return TASTE_SCALE * NormalDist().inv_cdf((draw + 0.5) / 2**64)


def total(appeals: Iterable[Appeal], progress: float) -> float:
    """Log-odds of all facets together at this point of the run."""
    cos, sin = math.cos(DRIFT_RADIANS * progress), math.sin(DRIFT_RADIANS * progress)
    return sum(cos * appeal.start + sin * appeal.end + appeal.steady for appeal in appeals)
