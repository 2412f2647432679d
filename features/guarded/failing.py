"""Whether a store is worth asking: after some failures in a row it is left in peace, and asked again now and then."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

FAILURES = 5
PROBE_S = 1.0


class Breaker:
    """A circuit breaker (M. T. Nygard, "Release It!", 2nd ed., section 5.2). For one thread.

    Args:
        failures: so many in a row open it.
        probe_s: open, it lets one call through in so many seconds: the first that succeeds closes it.
        now: in seconds; only differences count.
        of: what it is about, for the log.
    """

    def __init__(
        self,
        failures: int = FAILURES,
        probe_s: float = PROBE_S,
        now: Callable[[], float] = time.monotonic,
        of: str = "all",
    ) -> None:
        self._of = of
        self._most = failures
        self._probe_s = probe_s
        self._now = now
        self._failures = 0
        self._probe_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether calls are spared at the moment."""
        return self._failures >= self._most

    def admits(self) -> bool:
        """Whether to call now. While it is open, whoever is admitted is the probe."""
        if not self.is_open:
            return True
        now = self._now()
        if now < self._probe_at:
            return False
        self._probe_at = now + self._probe_s
        return True

    def succeeded(self) -> None:
        """The call was answered."""
        if self.is_open:
            log.warning("online_store_back", of=self._of)
        self._failures = 0

    def failed(self) -> None:
        """The call was not answered, or too late."""
        self._failures += 1
        if self._failures == self._most:
            log.warning("online_store_out_of_reach", of=self._of, failures=self._failures)
            self._probe_at = self._now() + self._probe_s
