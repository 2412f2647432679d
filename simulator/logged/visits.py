"""The users of a logged experiment come again, one after another, and meet our policy.

Where it chooses the arm that a user was really shown, that user's real outcomes follow. Where it chooses another one
nobody knows what would have happened: the choice is never shown and never learned. If the arms were drawn uniformly,
the matches are an unbiased sample of what our policy would have met and earned: L. Li, W. Chu, J. Langford, X. Wang,
"Unbiased offline evaluation of contextual-bandit-based news article recommendation algorithms", WSDM 2011, Algorithm 2.
If they were not, a match of probability p is kept with probability min(p) / p, min(p) over the whole file: then every
user stays with the same probability, whatever arm was drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from features.vector import Scalar
from simulator.logged.experiment import Experiment, LoggedRow
from simulator.worlds.visits import Happening, Response, Visit

_SHUFFLE, _KEEP = 6, 7
"""Streams of random numbers under one seed; other worlds have those before."""

UNSEEN = Response({}, 0.0, shown=False)


@dataclass(frozen=True, slots=True)
class LoggedTurn:
    """The one turn of one user. ``kept`` is False if a match shall not count."""

    row: LoggedRow
    placement: str
    metric: str
    kept: bool
    context: Mapping[str, Scalar] = field(default_factory=dict)
    happenings: tuple[Happening, ...] = ()

    @property
    def placements(self) -> tuple[str, ...]:
        """The experiment's only one."""
        return (self.placement,)

    def respond(self, placement: str, action: str, candidates: Sequence[str]) -> Response:
        """What really happened, if this is what was really shown."""
        if action != self.row.arm or not self.kept:
            return UNSEEN
        value = self.row.metrics[self.metric]
        return Response({self.metric: value} if value else {}, value)


@dataclass(frozen=True, slots=True)
class LoggedVisits:
    """Every user of an experiment once, in an order that ``seed`` shuffles; the first ``limit`` of them, if given."""

    experiment: Experiment
    metric: str
    seed: int
    limit: int | None = None

    def __len__(self) -> int:
        rows = len(self.experiment.rows)
        return rows if self.limit is None else min(rows, self.limit)

    def __iter__(self) -> Iterator[Visit]:
        rows, placement = self.experiment.rows, self.experiment.mapping.placement
        order = np.random.default_rng([self.seed, _SHUFFLE]).permutation(len(rows))[: len(self)]
        kept = keep([row.propensity for row in rows], self.seed)
        for index in order:
            row = rows[index]
            turn = LoggedTurn(row, placement, self.metric, bool(kept[index]))
            yield Visit(row.user_id, f"visit-{index}", (turn,), deferred=True)


def keep(propensities: Sequence[float], seed: int) -> NDArray[np.bool_]:
    """Which rows count if they match: each with probability min(p) / p, so that p × kept is the same for every row."""
    p = np.asarray(propensities, dtype=np.float64)
    kept: NDArray[np.bool_] = np.random.default_rng([seed, _KEEP]).random(len(p)) < p.min() / p
    return kept
