"""Whether the journal is known to be out of reach: then nobody waits for it any more."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


class Breaker:
    """Open from the first failure until the journal answers again. Belongs to the event loop's thread.

    Args:
        name: of the shard, for the log.
        now: in seconds; only differences count.
    """

    def __init__(self, name: str, now: Callable[[], float] = time.monotonic) -> None:
        self.is_open = False
        self._name = name
        self._now = now
        self._opened = 0.0
        self._told: list[Callable[[bool], None]] = []

    def tell(self, told: Callable[[bool], None]) -> None:
        """Call this with True whenever the journal is found to be out of reach, with False when it is back."""
        self._told.append(told)

    def trip(self, why: str) -> None:
        """The journal does not answer."""
        if not self.is_open:
            self._opened = self._now()
            log.warning("journal_out_of_reach", shard=self._name, why=why)
            self._turn(is_open=True)

    def mend(self) -> None:
        """The journal answered."""
        if self.is_open:
            log.warning("journal_back", shard=self._name, seconds=round(self._now() - self._opened, 3))
            self._turn(is_open=False)

    def _turn(self, *, is_open: bool) -> None:
        self.is_open = is_open
        for told in self._told:
            told(is_open)
