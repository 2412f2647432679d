"""What an estimator is: sums over rows, a value made of the sums, and each row's influence on the value."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar

import numpy as np

from engine.errors import NotEvaluable
from engine.stats.exact import ExactSums
from simulator.ope.evaluated import Array, Evaluated

BLOCK = 1 << 14
"""Rows at a time: their columns stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Sums:
    """All that an estimator keeps of the rows it has seen.

    Attributes:
        n: rows.
        totals: exact sums of the estimator's terms; their digits do not depend on the order or partition of the rows.
    """

    n: int
    totals: ExactSums

    @property
    def values(self) -> tuple[float, ...]:
        """The sums, correctly rounded."""
        return self.totals.values

    def merge(self, other: Sums) -> Sums:
        """Sums of both sets of rows together."""
        return Sums(self.n + other.n, self.totals.merge(other.totals))


def merged(parts: Iterable[Sums]) -> Sums:
    """Sums of all parts together. Raises ``NotEvaluable`` if there is none."""
    found = list(parts)
    if not found:
        raise NotEvaluable("there are no rows")
    return reduce(Sums.merge, found)


class Estimator(ABC):
    """Base of every estimator of a target policy's value.

    A subclass writes ``_terms`` (what is summed), ``_point`` (the value made of the sums) and ``_influence``; one that
    is a mean over decisions writes only ``_rows``, see ``ope.mean``. Constructors store their parameters under the
    parameters' own names. Subclasses are found by ``ope.registry`` and tested by ``ope.checks`` by themselves.

    Attributes:
        needs_model: whether batches must have ``forecast`` and ``baseline``.
        tuned: the parameter that ``ope.tune`` chooses from the data; ``None`` if there is none.
        check_params: constructor parameters under which the contract is checked, one set a construction.
    """

    name: ClassVar[str]
    needs_model: ClassVar[bool] = False
    tuned: ClassVar[str | None] = None
    check_params: ClassVar[Sequence[Mapping[str, Any]]] = ({},)

    @property
    def params(self) -> dict[str, Any]:
        """The constructor's parameters as they were given or defaulted."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def sums(self, batch: Evaluated) -> Sums:
        """What this batch adds; mergeable with the sums of other batches, in any order.

        Raises:
            NotEvaluable: there is no row, or no reward model where one is needed.
        """
        self._require(batch)
        blocks = (ExactSums.of(*self._terms(block)) for block in batch.blocks(BLOCK))
        return Sums(len(batch), reduce(ExactSums.merge, blocks))

    def point(self, sums: Sums) -> float:
        """The estimated value of the target policy, in reward units a decision.

        Raises:
            NotEvaluable: the rows carry no weight.
        """
        return self._point(sums)

    def influence(self, batch: Evaluated, sums: Sums) -> Array:
        """By how much each row moves the value, times n; over all rows of ``sums`` its mean is 0.

        Its standard deviation over √n is the value's standard error; the difference of two policies' influences is the
        influence on their difference.
        """
        self._require(batch)
        return self._influence(batch, sums)

    def estimate(self, batch: Evaluated) -> float:
        """The value on rows that are all here. Raises like ``sums`` and ``point``."""
        return self.point(self.sums(batch))

    @abstractmethod
    def _terms(self, batch: Evaluated) -> tuple[Array, ...]: ...

    @abstractmethod
    def _point(self, sums: Sums) -> float: ...

    @abstractmethod
    def _influence(self, batch: Evaluated, sums: Sums) -> Array: ...

    def _require(self, batch: Evaluated) -> None:
        if not len(batch):
            raise NotEvaluable("there are no rows")
        if self.needs_model and batch.forecast is None:
            raise NotEvaluable(f"{self.name} needs a reward model's forecasts")


def standard_error(influence: Array) -> float:
    """Standard error of a value, from its influences. NaN below two rows."""
    n = len(influence)
    return float(np.sqrt(influence @ influence / (n - 1) / n)) if n > 1 else float("nan")
