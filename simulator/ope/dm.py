"""The direct method: what a reward model forecasts."""

from __future__ import annotations

from simulator.ope.evaluated import Array, Evaluated
from simulator.ope.mean import MeanEstimator


class DM(MeanEstimator):
    """The forecast, averaged over the target's pmf. No importance weights, and all of the model's errors."""

    name = "dm"
    needs_model = True

    def _rows(self, batch: Evaluated) -> Array:
        return batch.modelled[1]
