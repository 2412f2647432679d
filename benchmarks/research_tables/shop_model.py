"""The impressions read as any log is, with our own reward model: cross-fitted, with what each item does differently."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.research_tables.impressions import Impressions, file_of
from simulator.logs.faults import Faults
from simulator.logs.open import open_log
from simulator.ope.choices import Choices
from simulator.ope.cross_fit import cross_fitted, folds_by_unit
from simulator.ope.evaluated import Array, Evaluated
from simulator.ope.gather import gathered


@dataclass(frozen=True, slots=True, eq=False)
class ShopModel:
    """Forecasts of what items earn.

    Attributes:
        choices: all impressions of the file, in its order.
        items: the number of the item that each action's code stands for.
    """

    choices: Choices
    items: NDArray[np.int64]

    @classmethod
    def of(cls, behaviour: str, campaign: str) -> ShopModel:
        """Of the impressions that a policy made in a campaign."""
        rows = gathered(list(open_log(file_of(behaviour, campaign)).batches(Faults())))
        return cls(rows.choices.take(np.argsort(rows.order)), np.array([int(name) for name in rows.actions]))

    def evaluated(self, shown: Impressions, shares: Array, rows: NDArray[np.int64]) -> Evaluated:
        """Rows for the estimators, of a target with these shares, (items, positions).

        Args:
            rows: which impressions; those that were drawn twice are in one fold, so that no model has seen its rows.
        """
        choices, some = self.choices.take(rows), shown.take(rows)
        forecasts = cross_fitted(choices, some.click, folds_by_unit(rows.astype(np.uint64)))
        pmf = shares[self.items[choices.action], some.position[choices.row]]
        return forecasts.evaluated(some.click, some.propensity, pmf)
