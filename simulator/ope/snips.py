"""Self-normalised IPS. A. Swaminathan, T. Joachims, "The self-normalized estimator for counterfactual learning",
NeurIPS (2015)."""

from __future__ import annotations

from engine.errors import NotEvaluable
from simulator.ope.base import Estimator, Sums
from simulator.ope.evaluated import Array, Evaluated


class SNIPS(Estimator):
    """Weighted mean of the rewards: inside their range, and unmoved if all of them grow by as much."""

    name = "snips"

    def _terms(self, batch: Evaluated) -> tuple[Array, ...]:
        weight = batch.weight
        return weight * batch.reward, weight

    def _point(self, sums: Sums) -> float:
        total, weight = sums.values
        if weight == 0.0:
            raise NotEvaluable("the target policy takes none of the logged actions")
        return total / weight

    def _influence(self, batch: Evaluated, sums: Sums) -> Array:
        _, weight = sums.values
        return batch.weight * (batch.reward - self._point(sums)) * (sums.n / weight)
