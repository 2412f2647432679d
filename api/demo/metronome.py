"""Beats for many tasks together: never more than so many in a second."""

from __future__ import annotations

import asyncio


class Metronome:
    """``per_second`` beats at most; ``None`` beats without a pause. A beat that nobody took in time is not made up."""

    def __init__(self, per_second: float | None) -> None:
        self._interval_s = 0.0 if per_second is None else 1.0 / per_second
        self._next_s = 0.0

    async def next(self) -> None:
        """Wait for a beat of one's own."""
        if self._interval_s:
            now_s = asyncio.get_running_loop().time()
            beat_s = max(self._next_s, now_s)
            self._next_s = beat_s + self._interval_s
            await asyncio.sleep(beat_s - now_s)
