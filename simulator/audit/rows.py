"""Which rows of a log can say anything about a policy; the others are left out and counted."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from simulator.logs.schema import LoggedBatch, Mask


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a learned policy had learned: what was decided up to a position or a time (µs); give what is known."""

    position: int | None = None
    time_us: int | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows by what becomes of them; each counts once, in the order of the attributes.

    Attributes:
        silent: nothing was shown.
        deterministic: nothing was left to chance: fallbacks, forced answers, a rule's.
        unsettled: the reward is not final.
        unpriced: the propensity is not known.
        in_sample: the policy may have learned from it.
        usable: all others.
    """

    silent: int = 0
    deterministic: int = 0
    unsettled: int = 0
    unpriced: int = 0
    in_sample: int = 0
    usable: int = 0

    @property
    def total(self) -> int:
        """All rows."""
        return sum(getattr(self, each.name) for each in fields(self))

    def merge(self, other: Rows) -> Rows:
        """Rows of both together."""
        return Rows(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


def sifted(batch: LoggedBatch, learned: Snapshot | None = None) -> tuple[LoggedBatch, Rows]:
    """The usable rows, and what became of all.

    Args:
        learned: of the policy that is to be evaluated, if it learned; rows that it may have learned from are left out.
    """
    left = np.ones(len(batch), np.bool_)
    counts: dict[str, int] = {}
    for name, bad in _unusable(batch, learned):
        counts[name] = int((left & bad).sum())
        left &= ~bad
    return batch.filter(left), Rows(**counts, usable=int(left.sum()))


def _unusable(batch: LoggedBatch, learned: Snapshot | None) -> list[tuple[str, Mask]]:
    """Raises ``UnreadableLog`` if a column was not read."""
    found = [
        ("silent", batch.chosen < 0),
        ("deterministic", ~batch.learnable),
        ("unsettled", np.isnan(batch.reward)),
        ("unpriced", np.isnan(batch.propensity)),
    ]
    return found if learned is None else [*found, ("in_sample", in_sample(batch, learned))]


def in_sample(batch: LoggedBatch, learned: Snapshot) -> Mask:
    """Rows of which it is not certain that they came after the snapshot.

    What a snapshot at least as new decided came after it, and so did what was decided later than it was made.
    """
    later = np.zeros(len(batch), np.bool_)
    if learned.position is not None:
        later |= batch.position >= learned.position
    if learned.time_us is not None:
        later |= batch.time_us > learned.time_us
    return ~later
