"""A policy meets those rows of a log that it could have met: it learns from what it would have seen, and no more.

M. Dudík, D. Erhan, J. Langford, L. Li, "Sample-efficient nonstationary policy evaluation for contextual bandits", UAI
(2012), with another rule for the pace: theirs is a quantile of what was seen, here it is what the policy as it is now
would lose on the newest rows.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from engine.errors import NotEvaluable
from engine.pmf import draw
from engine.policies.base import Policy
from engine.types import TrainingExample
from simulator.logs.schema import Array
from simulator.replay.pace import Prices
from simulator.replay.replayable import Replayable
from simulator.replay.replayed import Replayed

NEWEST = 256
"""Rows on which the pace is found."""
GROWTH = 1.1
"""The pace is found again whenever the policy has learned so many times as much."""
AT_LEAST = 8
"""But not for fewer new rows than these."""


class Pacer(Protocol):
    """Says how fast to go."""

    def before(self, row: int, policy: Policy, learned: int) -> float:
        """The pace for a row, from nothing but the rows before it; 0 as long as too few are past.

        Args:
            policy: as it is now, having learned from so many rows.
        """
        ...

    def saw(self, example: TrainingExample) -> None:
        """One more row is past."""
        ...


@dataclass(frozen=True, slots=True)
class Steady:
    """One pace for all rows."""

    pace: float

    def before(self, row: int, policy: Policy, learned: int) -> float:
        """See ``Pacer.before``."""
        return self.pace

    def saw(self, example: TrainingExample) -> None:
        """See ``Pacer.saw``."""


@dataclass(slots=True)
class Careful:
    """The fastest pace at which the policy, as it is now, would lose little on the newest rows.

    Attributes:
        prices: of the log's rows.
        most_lost: of the policy's probability, on average.
    """

    prices: Prices
    most_lost: float
    _pace: float = 0.0
    _due: float = 0.0
    _newest: deque[TrainingExample] = field(default_factory=lambda: deque(maxlen=NEWEST))

    def before(self, row: int, policy: Policy, learned: int) -> float:
        """See ``Pacer.before``."""
        if len(self._newest) == NEWEST and learned >= self._due:
            pmf = _pmfs(policy, self._newest)
            self._pace = self.prices.best_pace(slice(row - NEWEST, row), pmf, self.most_lost)
            self._due = max(learned * GROWTH, learned + AT_LEAST)
        return self._pace

    def saw(self, example: TrainingExample) -> None:
        """See ``Pacer.saw``."""
        self._newest.append(example)


def accepted(policy: Policy, log: Replayable, salt: bytes, pacer: Pacer) -> Replayed:
    """Send a policy, which learns as it goes, through the log.

    Args:
        salt: of the draws that accept; of nobody else's, and above all not the logger's.

    Raises:
        NotEvaluable: there are too few rows to find a pace.
    """
    pmfs, paces, learned, count = array("d"), array("d"), bytearray(), 0
    for row, (example, id, price) in enumerate(zip(log.decisions(), log.ids(), log.price.tolist(), strict=True)):
        pace = pacer.before(row, policy, count)
        pacer.saw(example)
        if not pace:
            continue
        pmf = policy.pmf(example.shared, example.candidates)
        probability = pmf[example.chosen]
        accepts = draw(salt, id) * price < pace * probability
        if accepts:
            policy.learn(replace(example, propensity=probability))
            count += 1
        pmfs.extend(pmf)
        paces.append(pace)
        learned.append(accepts)
    if not paces:
        raise NotEvaluable(f"there are {len(log):,} rows; more than {NEWEST} are needed to see how fast one may go")
    return Replayed(len(log) - len(paces), np.frombuffer(pmfs), np.frombuffer(learned, np.bool_), np.frombuffer(paces))


def _pmfs(policy: Policy, examples: Sequence[TrainingExample]) -> Array:
    flat = array("d")
    for example in examples:
        flat.extend(policy.pmf(example.shared, example.candidates))
    return np.frombuffer(flat)
