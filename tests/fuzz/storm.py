"""Many requests over several connections at once; what came of them."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.fuzz.request import Request
from tests.fuzz.verdict import fault_of, is_slow
from tests.fuzz.wire import Connection, Exchange

CONNECTIONS = 8
SLOWEST_KEPT = 5


@dataclass(frozen=True, slots=True)
class Fault:
    """A request whose answer was not what must hold."""

    request: Request
    why: str


@dataclass(slots=True)
class Tally:
    """What came of the requests so far.

    Attributes:
        slow: took too long, though the machine may be to blame: ask again, alone.
        slowest: seconds, a tie-breaker, the request.
    """

    requests: int = 0
    loose: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    slow: list[Request] = field(default_factory=list)
    slowest: list[tuple[float, int, Request]] = field(default_factory=list)

    def take(self, exchange: Exchange) -> None:
        """Count an exchange."""
        self.requests += 1
        self.loose += exchange.request.loose
        self.statuses.update(answer.status for answer in exchange.answers)
        fault = fault_of(exchange)
        if fault is not None:
            self.faults.append(Fault(exchange.request, fault))
        if is_slow(exchange):
            self.slow.append(exchange.request)
        if not exchange.request.loose:
            keep = heapq.heappush if len(self.slowest) < SLOWEST_KEPT else heapq.heappushpop
            keep(self.slowest, (exchange.seconds, self.requests, exchange.request))


def send_all(port: int, requests: Iterable[Request], tally: Tally, connections: int = CONNECTIONS) -> None:
    """Send every request once, ``connections`` at a time."""
    source = iter(requests)

    async def main() -> None:
        await asyncio.gather(*(_worker(port, source, tally) for _ in range(connections)))

    asyncio.run(main())


def send_alone(port: int, request: Request) -> Exchange:
    """One request while nothing else is asked."""

    async def main() -> Exchange:
        connection = Connection(port)
        try:
            return await connection.exchange(request)
        finally:
            await connection.close()

    return asyncio.run(main())


async def _worker(port: int, source: Iterator[Request], tally: Tally) -> None:
    connection = Connection(port)
    for request in source:
        tally.take(await connection.exchange(request))
    await connection.close()
