"""The token bucket: how often one caller may call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from api.auth.key import ApiKey


class Bucket(Protocol):
    """Remembers how often one caller called."""

    def take(self, now: float) -> float:
        """Count a call at ``now`` (seconds of a clock that never goes back).

        Returns:
            0.0 if the call may be made; else the seconds until one may, and this one is not counted.
        """
        ...


class TokenBucket:
    """Lets through ``rate`` calls a second in the long run, and a second's worth of them (at least one) at once.

    Args:
        left, at: go on from what was left at that time; a full bucket otherwise.
    """

    def __init__(self, rate: float, left: float = 0.0, at: float | None = None) -> None:
        self._rate = rate
        self._most = max(1.0, rate)
        self.left = self._most if at is None else left
        self._at = at

    def take(self, now: float) -> float:
        """See ``Bucket.take``."""
        if self._at is not None:
            self.left = min(self._most, self.left + (now - self._at) * self._rate)
        self._at = now
        if self.left < 1.0:
            return (1.0 - self.left) / self._rate
        self.left -= 1.0
        return 0.0


MakeBucket = Callable[[ApiKey], Bucket | None]
"""What remembers how often the holder of a key calls; ``None`` if nobody minds."""


def own_bucket(key: ApiKey) -> Bucket | None:
    """This process counts alone."""
    return None if key.rate is None else TokenBucket(key.rate)
