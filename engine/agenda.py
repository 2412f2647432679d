"""Open decisions, and what is due next: in memory those that are due soon, the others parked.

How many are in memory changes nothing but speed: settlements become due in the same order.
"""

from __future__ import annotations

import heapq

from engine.open_decision import CLOSE, Moment, OpenDecision
from engine.parking import Parking

MOST_IN_MEMORY = 32_768


class Agenda:
    """Open decisions by their next moment. Whoever changes that moment says so with ``put``.

    What it gives away may be changed until it is told to ``trim``: only then it parks.

    Args:
        most_in_memory: with more than these, all but the quarter that is due first are parked at once.
    """

    def __init__(self, parking: Parking, most_in_memory: int = MOST_IN_MEMORY) -> None:
        self._parking = parking
        self._most = most_in_memory
        self._here: dict[str, OpenDecision] = {}
        self._moments: list[tuple[Moment, str]] = []
        self._parked_from: Moment | None = None

    def __len__(self) -> int:
        return len(self._here) + len(self._parking)

    @property
    def oldest(self) -> int | None:
        """The first journal position that says something about an open decision."""
        here = [decision.since for decision in self._here.values()]
        parked = self._parking.oldest
        return min(here if parked is None else [*here, parked], default=None)

    def find(self, decision_id: str) -> OpenDecision | None:
        """An open decision; if it was parked, it is in memory now."""
        decision = self._here.get(decision_id)
        if decision is None and self._parked_from is not None:
            decision = self._parking.take(decision_id)
            if decision is not None:
                self.put(decision)
        return decision

    def put(self, decision: OpenDecision) -> None:
        """A decision is open, or its next moment is another one now."""
        self._here[decision.id] = decision
        heapq.heappush(self._moments, (decision.next, decision.id))

    def remove(self, decision_id: str) -> None:
        """A decision is open no more."""
        if self.find(decision_id) is not None:
            del self._here[decision_id]

    def trim(self) -> None:
        """Park some if too many are in memory."""
        if len(self._here) > self._most:
            self._park()

    def take_due(self, now_us: int) -> OpenDecision | None:
        """The decision about which something was due first, before this time or early in it.

        It is still open, but never due again until it is ``put`` anew.
        """
        ended = (now_us, CLOSE)
        while True:
            if self._parked_from is not None and self._parked_from < ended:
                self._take_in()
            if not self._moments or self._moments[0][0] >= ended:
                return None
            moment, id = heapq.heappop(self._moments)
            decision = self._here.get(id)
            if decision is not None and decision.next == moment:
                return decision

    def _park(self) -> None:
        by_moment = sorted(self._here.values(), key=lambda decision: decision.next)
        stay, leave = by_moment[: self._most // 4], by_moment[self._most // 4 :]
        self._parking.put(leave)
        self._here = {decision.id: decision for decision in stay}
        self._moments = [(decision.next, decision.id) for decision in stay]
        self._parked_from = min(leave[0].next, self._parked_from or leave[0].next)

    def _take_in(self) -> None:
        """Take in the soonest of the parked, and some more while at it, if they come before all in memory."""
        if self._parked_from is None or (self._moments and self._moments[0][0] < self._parked_from):
            return
        for decision in self._parking.take_soonest(max(1, self._most // 16)):
            self.put(decision)
        self._parked_from = self._parking.soonest
