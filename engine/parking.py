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

    def __len__(self) -> int:
        return len(self._parked)

    @property
    def soonest(self) -> Moment | None:
        """When something must be done next; ``None`` if nothing is parked."""
        return min((decision.next for decision in self._parked.values()), default=None)

    @property
    def oldest(self) -> int | None:
        """The first position that matters to what is parked."""
        return min((decision.since for decision in self._parked.values()), default=None)

    def put(self, decisions: Sequence[OpenDecision]) -> None:
        """Park decisions."""
        self._parked.update((decision.id, decision) for decision in decisions)

    def take(self, decision_id: str) -> OpenDecision | None:
        """Take out one decision."""
        return self._parked.pop(decision_id, None)

    def take_soonest(self, most: int) -> list[OpenDecision]:
        """Take out those whose moments come first."""
        soonest = heapq.nsmallest(most, self._parked.values(), key=lambda decision: decision.next)
        return [self._parked.pop(decision.id) for decision in soonest]
