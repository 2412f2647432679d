"""Doubly robust. M. Dudík, D. Erhan, J. Langford, L. Li, "Doubly robust policy evaluation and optimization",
Statistical Science 29 (2014)."""

from __future__ import annotations

from simulator.ope.evaluated import Array, Evaluated
from simulator.ope.mean import MeanEstimator


class DR(MeanEstimator):
    """The forecast, corrected by weighted residuals: unbiased whatever the model, better the better it is.

    Subclasses change the weight of the residual.
    """

    name = "dr"
    needs_model = True

    def _rows(self, batch: Evaluated) -> Array:
        forecast, baseline = batch.modelled
        rows = batch.reward - forecast
        rows *= self._weights(batch.ratio)
        rows += baseline
        return rows

    def _weights(self, ratio: Array) -> Array:
        return ratio
