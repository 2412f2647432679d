"""Rows of several loggers as rows of one: the balance heuristic.

E. Veach, L. J. Guibas, "Optimally combining sampling techniques for Monte Carlo rendering", SIGGRAPH (1995);
A. Agarwal, S. Basu, T. Schnabel, T. Joachims, "Effective evaluation using logged bandit feedback from multiple
loggers", KDD (2017).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import NotEvaluable
from simulator.ope.evaluated import Array

SUM_TOLERANCE = 1e-9


def balanced(propensities: Mapping[str, Array], shares: Mapping[str, float]) -> Array:
    """The probability that a row's action would have been logged, whoever of the loggers had decided.

    To be used as ``Evaluated.propensity``. A logger that never draws may take part: what the others may have chosen
    instead is then in the denominator, and no row stands for more than its share allows.

    Args:
        propensities: for each logger its probability of every row's chosen action, the rows of all loggers alike.
        shares: how much of the traffic each logger had where the rows come from; they sum to 1.

    Raises:
        NotEvaluable: shares that are not, a logger whose probabilities are not known, a row that none could have made.
    """
    _require_shares(propensities, shares)
    mixture = np.zeros(len(next(iter(propensities.values()))))
    for name, probabilities in propensities.items():
        mixture += shares[name] * _known(name, probabilities, len(mixture))
    if len(mixture) and not mixture.min() > 0.0:
        raise NotEvaluable(f"no logger could have made row {int(mixture.argmin())}")
    return mixture


def shares_of(loggers: Sequence[str] | NDArray[np.str_]) -> dict[str, float]:
    """Each logger's share of the rows, by who made each row; for loggers whose traffic was not split by a rule."""
    names, counts = np.unique(np.asarray(loggers), return_counts=True)
    return {str(name): int(count) / len(loggers) for name, count in zip(names, counts, strict=True)}


def _require_shares(propensities: Mapping[str, Array], shares: Mapping[str, float]) -> None:
    if not propensities or propensities.keys() != shares.keys():
        raise NotEvaluable(f"there are shares of {sorted(shares)} and probabilities of {sorted(propensities)}")
    if min(shares.values()) < 0.0 or abs(math.fsum(shares.values()) - 1.0) > SUM_TOLERANCE:
        raise NotEvaluable(f"the loggers' shares {dict(shares)} do not sum to 1")


def _known(name: str, probabilities: Array, length: int) -> Array:
    column = np.asarray(probabilities, dtype=np.float64)
    if column.shape != (length,):
        raise NotEvaluable(f"logger {name!r} has {column.shape} probabilities for {length} rows")
    unknown = np.flatnonzero(~((column >= 0.0) & (column <= 1.0)))
    if len(unknown):
        raise NotEvaluable(f"logger {name!r}: the probability of row {int(unknown[0])} is not known")
    return column
