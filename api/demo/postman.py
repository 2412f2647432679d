"""Outcomes on their way: each leaves after its delay, those due together travel together."""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from api.client import AsyncClient, Outcome
from api.demo.patience import patiently

BEAT_S = 0.05
MOST_AT_ONCE = 500


@dataclass(slots=True)
class Postman:
    """Sends outcomes when they are due. Run ``deliver`` as a task; it ends after ``close``, with nothing left."""

    client: AsyncClient
    patience_s: float
    sent: int = 0
    _waiting: list[tuple[float, int, Outcome]] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)
    _closed: asyncio.Event = field(default_factory=asyncio.Event)

    def post(self, outcome: Outcome, delay_s: float) -> None:
        """Send an outcome ``delay_s`` seconds from now."""
        due = asyncio.get_running_loop().time() + delay_s
        heapq.heappush(self._waiting, (due, next(self._numbers), outcome))

    def close(self) -> None:
        """Nothing more will be posted."""
        self._closed.set()

    async def deliver(self) -> None:
        """Deliver until closed and empty. Raises ``ClientError`` if the service refuses or stays silent."""
        while self._waiting or not self._closed.is_set():
            due = self._due()
            if due:
                await patiently(partial(self.client.report, *due), self.patience_s)
                self.sent += len(due)
            else:
                await asyncio.sleep(BEAT_S)

    def _due(self) -> list[Outcome]:
        now, due = asyncio.get_running_loop().time(), list[Outcome]()
        while self._waiting and self._waiting[0][0] <= now and len(due) < MOST_AT_ONCE:
            due.append(heapq.heappop(self._waiting)[2])
        return due
