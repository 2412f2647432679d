"""What was reported about decisions before they came."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from typing import NamedTuple

from engine.journal.base import Stored

MOST_WAITING = 250_000


class _Waiting(NamedTuple):
    stored: Stored
    reports_before: int


class EarlyOutcomes:
    """Outcomes and displays waiting for their decision, in bounds; the oldest are given up first.

    The bound on their number is one on how many reports came after them, about whatever decision: of those, whoever
    starts in the middle of the journal counts as many as whoever started at its beginning.

    Args:
        wait_us: none waits longer than this, in journal time.
        most: none waits for more than so many later reports, so there are never more of them.
    """

    def __init__(self, wait_us: int, most: int = MOST_WAITING) -> None:
        self._wait_us = wait_us
        self._most = most
        self._reports = 0
        self._waiting: OrderedDict[int, _Waiting] = OrderedDict()
        self._about: defaultdict[str, list[int]] = defaultdict(list)

    @property
    def oldest(self) -> int | None:
        """Position of what has waited longest."""
        return next(iter(self._waiting), None)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def reported(self) -> None:
        """An outcome or a display was reported, whether or not it has to wait."""
        self._reports += 1

    def add(self, decision_id: str, report: Stored) -> None:
        """Let one wait."""
        self._waiting[report.position] = _Waiting(report, self._reports)
        self._about[decision_id].append(report.position)

    def take(self, decision_id: str) -> list[Stored]:
        """What waited for this decision, in journal order; it waits no more."""
        return [self._waiting.pop(position).stored for position in self._about.pop(decision_id, [])]

    def expire(self, now_us: int) -> int:
        """Give up on those that have waited too long; how many."""
        expired = 0
        while self._waiting and self._is_over(next(iter(self._waiting.values())), now_us):
            self._drop(next(iter(self._waiting)))
            expired += 1
        return expired

    def _is_over(self, waiting: _Waiting, now_us: int) -> bool:
        waited_us = now_us - waiting.stored.time_us
        return waited_us > self._wait_us or self._reports - waiting.reports_before >= self._most

    def _drop(self, position: int) -> None:
        about = self._waiting.pop(position).stored.record.about or ""
        self._about[about].remove(position)
        if not self._about[about]:
            del self._about[about]
