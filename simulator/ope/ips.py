"""Inverse propensity scoring. D. G. Horvitz, D. J. Thompson, "A generalization of sampling without replacement from a
finite universe", JASA 47 (1952)."""

from __future__ import annotations

from simulator.ope.evaluated import Array, Evaluated
from simulator.ope.mean import MeanEstimator


class IPS(MeanEstimator):
    """Rewards, each for as many decisions as it stands for. Unbiased; its variance grows with the largest weights."""

    name = "ips"

    def _rows(self, batch: Evaluated) -> Array:
        return batch.ratio * batch.reward
