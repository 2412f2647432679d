"""How fast a replay may go: how much of the rows that the policy could have met it may accept.

A row is accepted with probability pace × (the policy's probability of what was chosen) / (the row's price). What is
accepted is then distributed as if the policy had chosen, unless that is more than 1 for a candidate: so much of the
policy's probability is lost. The slower the pace the less is lost, and the fewer rows are accepted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.logs.schema import Array, Indices
from simulator.replay.replayable import Replayable

MOST_LOST = 0.01
"""By default, of the policy's probability."""

HALVINGS = 40
SLOWEST = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """With which probability rows came into the log as they are, and would have with another candidate.

    Attributes:
        offsets: where the candidates of each row begin, and where those of the last one end.
        place: of the chosen candidates among all.
        chosen: price of the chosen candidate, one a row.
        all: price of every candidate; ``None`` where not all rows have their pmf.
    """

    offsets: Indices
    place: Indices
    chosen: Array
    all: Array | None

    @classmethod
    def of(cls, log: Replayable) -> Prices:
        """Of a log's rows."""
        batch, offsets = log.batch, log.batch.offsets
        every = batch.pmf * np.repeat(batch.keep, np.diff(offsets)) if log.has_pmfs else None
        return cls(offsets, offsets[:-1] + batch.chosen, log.price, every)

    def lost(self, rows: slice, pmf: Array, pace: Array | float) -> Array:
        """The part of the policy's probability that is lost in each of some rows.

        Where only chosen candidates have a price it is known on average alone, by importance weights.

        Args:
            pmf: the policy's, of all candidates of these rows.
            pace: one for all, or one a row.
        """
        ends = self.offsets[rows.start : rows.stop + 1]
        if self.all is None:
            price = self.chosen[rows]
            target = pmf[self.place[rows] - ends[0]]
            return np.asarray(np.maximum(0.0, target / price - 1.0 / pace))
        paces = pace if isinstance(pace, float) else np.repeat(pace, np.diff(ends))
        excess = np.maximum(0.0, pmf - self.all[ends[0] : ends[-1]] / paces)
        return np.asarray(np.add.reduceat(excess, ends[:-1] - ends[0]))

    def best_pace(self, rows: slice, pmf: Array, most: float) -> float:
        """The fastest pace at which no more than ``most`` is lost on average over some rows."""
        if float(self.lost(rows, pmf, 1.0).mean()) <= most:
            return 1.0
        low, high = math.log(SLOWEST), 0.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2.0
            kept = float(self.lost(rows, pmf, math.exp(middle)).mean()) <= most
            low, high = (middle, high) if kept else (low, middle)
        return math.exp(low)
