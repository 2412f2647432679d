"""Several comparisons at once. S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal
of Statistics 6 (1979)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simulator.compare.difference import Difference
from simulator.ope.evaluated import Array


def holm(differences: Sequence[Difference]) -> list[Difference]:
    """The same with p-values adjusted, so that all of them together are wrong as seldom as one would be alone.

    Intervals stay those of each comparison by itself.
    """
    adjusted = adjusted_p_values(np.array([each.p_value for each in differences]))
    return [replace(each, p_value=p) for each, p in zip(differences, adjusted.tolist(), strict=True)]


def adjusted_p_values(p_values: Array) -> Array:
    """Holm's step-down p-values, in the order given."""
    order = np.argsort(p_values, kind="stable")
    stepped = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return adjusted
