"""What a policy did on a log, row by row."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.logs.schema import Array, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """One way of a policy through a log.

    Attributes:
        first: the row with which it began; those before only told how fast it may go.
        pmf: its probabilities of all candidates of the rows from there on, as it was when it met each.
        learned: from which of these rows it learned.
        pace: with which each was accepted, see ``replay.pace``; 1 where every row is learned.
    """

    first: int
    pmf: Array
    learned: Mask
    pace: Array
