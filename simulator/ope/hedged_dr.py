"""Half shrunk, half self-normalised doubly robust: what one gets wrong by bias, the other does not."""

from __future__ import annotations

import math

from engine.stats.exact import ExactSums
from simulator.ope.base import Estimator, Sums
from simulator.ope.dros import DROS
from simulator.ope.evaluated import Array, Evaluated
from simulator.ope.sndr import SNDR

_OF_DROS = 2
"""Terms that are those of the shrunk half."""


class HedgedDR(Estimator):
    """Mean of ``dros`` and ``sndr``. A bias of shrinking that the data cannot show is halved.

    For a ``shrinkage`` that ``tune`` chose for ``dros``. Raises ``NotEvaluable`` like both.
    """

    name = "hedged_dr"
    needs_model = True
    check_params = ({}, {"shrinkage": 10.0})

    def __init__(self, shrinkage: float = math.inf) -> None:
        self.shrinkage = shrinkage
        self._shrunk, self._normalised = DROS(shrinkage), SNDR()

    def _terms(self, batch: Evaluated) -> tuple[Array, ...]:
        return *self._shrunk._terms(batch), *self._normalised._terms(batch)

    def _point(self, sums: Sums) -> float:
        shrunk, normalised = _halves(sums)
        return 0.5 * (self._shrunk.point(shrunk) + self._normalised.point(normalised))

    def _influence(self, batch: Evaluated, sums: Sums) -> Array:
        shrunk, normalised = _halves(sums)
        return 0.5 * (self._shrunk.influence(batch, shrunk) + self._normalised.influence(batch, normalised))


def _halves(sums: Sums) -> tuple[Sums, Sums]:
    units = sums.totals.units
    return Sums(sums.n, ExactSums(units[:_OF_DROS])), Sums(sums.n, ExactSums(units[_OF_DROS:]))
