"""Self-normalised doubly robust. P. Thomas, E. Brunskill, "Data-efficient off-policy policy evaluation for
reinforcement learning", ICML (2016)."""

from __future__ import annotations

from engine.errors import NotEvaluable
from simulator.ope.base import Estimator, Sums
from simulator.ope.evaluated import Array, Evaluated


class SNDR(Estimator):
    """The forecast, corrected by the weighted mean of the residuals."""

    name = "sndr"
    needs_model = True

    def _terms(self, batch: Evaluated) -> tuple[Array, ...]:
        forecast, baseline = batch.modelled
        weight = batch.weight
        return batch.counted(baseline), batch.decisions, weight * (batch.reward - forecast), weight

    def _point(self, sums: Sums) -> float:
        forecast, correction = _parts(sums)
        return forecast + correction

    def _influence(self, batch: Evaluated, sums: Sums) -> Array:
        forecast, baseline = batch.modelled
        model_part, correction = _parts(sums)
        _, decisions, _, weight = sums.values
        of_model = batch.counted(baseline - model_part) * (sums.n / decisions)
        return of_model + batch.weight * (batch.reward - forecast - correction) * (sums.n / weight)


def _parts(sums: Sums) -> tuple[float, float]:
    """Mean forecast, weighted mean residual."""
    modelled, decisions, residual, weight = sums.values
    if weight == 0.0:
        raise NotEvaluable("the target policy takes none of the logged actions")
    return modelled / decisions, residual / weight
