"""Where decisions wait whose windows close much later: out of the joiner's way."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Protocol

from engine.open_decision import Moment, OpenDecision


class Parking(Protocol):
    """Keeps open decisions until their next moment comes near. A cache: the journal has all that is in it.

    Every decision is either parked or with whoever took it. All but ``len`` raise ``ParkingError`` if they cannot be
    kept, or are gone: then whoever parked them must fold the journal anew.
    """

    def __len__(self) -> int:
        """How many are parked."""
        ...

    @property
    def soonest(self) -> Moment | None:
        """The first moment at which something about a parked decision is due."""
        ...

    @property
    def oldest(self) -> int | None:
        """The first journal position that says something about a parked decision."""
        ...

    def put(self, decisions: Sequence[OpenDecision]) -> None:
        """Park decisions, none of which is parked already."""
        ...

    def take(self, decision_id: str) -> OpenDecision | None:
        """Take one out; ``None`` if it is not there."""
        ...

    def take_soonest(self, most: int) -> list[OpenDecision]:
        """Take out those whose moments come first."""
        ...


class MemoryParking:
    """Keeps everything in memory: for replays and tests, and where windows are short."""

    def __init__(self) -> None:
        self._parked: dict[str, OpenDecision] = {}
        self._moments: list[tuple[Moment, str]] = []

    def __len__(self) -> int:
        return len(self._parked)

    @property
    def soonest(self) -> Moment | None:
        """See ``Parking``."""
        while self._moments and not self._is_parked(*self._moments[0]):
            heapq.heappop(self._moments)
        return self._moments[0][0] if self._moments else None

    @property
    def oldest(self) -> int | None:
        """See ``Parking``."""
        return min((decision.since for decision in self._parked.values()), default=None)

    def put(self, decisions: Sequence[OpenDecision]) -> None:
        """See ``Parking``."""
        for decision in decisions:
            self._parked[decision.id] = decision
            heapq.heappush(self._moments, (decision.next, decision.id))

    def take(self, decision_id: str) -> OpenDecision | None:
        """See ``Parking``."""
        return self._parked.pop(decision_id, None)

    def take_soonest(self, most: int) -> list[OpenDecision]:
        """See ``Parking``."""
        taken: list[OpenDecision] = []
        while len(taken) < most and self.soonest is not None:
            taken.append(self._parked.pop(self._moments[0][1]))
        return taken

    def _is_parked(self, moment: Moment, decision_id: str) -> bool:
        decision = self._parked.get(decision_id)
        return decision is not None and decision.next == moment
