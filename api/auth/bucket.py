"""The token bucket: how often one caller may call."""

from __future__ import annotations


class TokenBucket:
    """Lets through ``rate`` calls a second in the long run, and a second's worth of them (at least one) at once."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._most = max(1.0, rate)
        self._left = self._most
        self._at: float | None = None

    def take(self, now: float) -> float:
        """Count a call at ``now`` (seconds of a clock that never goes back).

        Returns:
            0.0 if the call may be made; else the seconds until one may, and this one is not counted.
        """
        if self._at is not None:
            self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1.0:
            return (1.0 - self._left) / self._rate
        self._left -= 1.0
        return 0.0
