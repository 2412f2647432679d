"""Estimators that are a mean over decisions of something that each row gives by itself."""

from __future__ import annotations

from abc import abstractmethod

from simulator.ope.base import Estimator, Sums
from simulator.ope.evaluated import Array, Evaluated


class MeanEstimator(Estimator):
    """Mean over the decisions that were made, also where only a known share of them was kept in the log."""

    def per_decision(self, batch: Evaluated) -> Array:
        """What each row gives; the value is their mean. Raises like ``sums``."""
        self._require(batch)
        return self._rows(batch)

    def _terms(self, batch: Evaluated) -> tuple[Array, ...]:
        return batch.counted(self._rows(batch)), batch.decisions

    def _point(self, sums: Sums) -> float:
        total, decisions = sums.values
        return total / decisions

    def _influence(self, batch: Evaluated, sums: Sums) -> Array:
        total, decisions = sums.values
        return batch.counted(self._rows(batch) - total / decisions) * (sums.n / decisions)

    @abstractmethod
    def _rows(self, batch: Evaluated) -> Array: ...
