"""Outcomes that arrived before their decision."""

from __future__ import annotations

from collections import OrderedDict, defaultdict

from engine.journal.base import Stored


class EarlyOutcomes:
    """Outcomes waiting for their decision, none for longer than ``wait_us`` of journal time."""

    def __init__(self, wait_us: int) -> None:
        self._wait_us = wait_us
        self._waiting: OrderedDict[int, Stored] = OrderedDict()
        self._about: defaultdict[str, list[int]] = defaultdict(list)

    @property
    def oldest(self) -> int | None:
        """Position of the outcome that has waited longest."""
        return next(iter(self._waiting), None)

    def add(self, decision_id: str, outcome: Stored) -> None:
        """Let an outcome wait."""
        self._waiting[outcome.position] = outcome
        self._about[decision_id].append(outcome.position)

    def take(self, decision_id: str) -> list[Stored]:
        """The outcomes that waited for this decision, in journal order; they wait no more."""
        return [self._waiting.pop(position) for position in self._about.pop(decision_id, [])]

    def expire(self, now_us: int) -> int:
        """Give up on those that have waited too long; how many."""
        expired = 0
        while self._waiting and now_us - next(iter(self._waiting.values())).time_us > self._wait_us:
            self._drop(next(iter(self._waiting)))
            expired += 1
        return expired

    def _drop(self, position: int) -> None:
        about = self._waiting.pop(position).record.about or ""
        self._about[about].remove(position)
        if not self._about[about]:
            del self._about[about]
