"""Logging what callers can cause as often as they like."""

from __future__ import annotations

from typing import Any

import structlog

log = structlog.get_logger(__name__)

EVERY_SECONDS = 10.0


class QuietLog:
    """Warns of one kind of event at most once per ``every_s``, saying how many there were since it last did."""

    def __init__(self, event: str, every_s: float = EVERY_SECONDS) -> None:
        self._event = event
        self._every_s = every_s
        self._unsaid = 0
        self._quiet_until: float | None = None

    def warn(self, now: float, **what: Any) -> None:
        """It happened at ``now`` (seconds); ``what`` is logged if it is this one's turn."""
        self._unsaid += 1
        if self._quiet_until is not None and now < self._quiet_until:
            return
        log.warning(self._event, count=self._unsaid, **what)
        self._unsaid = 0
        self._quiet_until = now + self._every_s
