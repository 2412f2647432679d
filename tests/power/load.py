"""Customers who keep a deployment busy, and what is to be done meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tests.chaos.customer import Customer
from tests.chaos.deployment import Deployment
from tests.chaos.ledger import Ledger

POLL_SECONDS = 0.005
Act = Callable[[], Awaitable[None]]


async def _nothing() -> None:
    """There is nothing to do."""


async def under_load(
    deployment: Deployment,
    ledger: Ledger,
    *,
    seed: int,
    customers: int,
    decisions: int,
    act: Act = _nothing,
    at: Sequence[int] = (),
) -> None:
    """Make ``decisions``, and ``act`` each time when so many of them were acknowledged."""

    async def acting() -> None:
        for point in at:
            while len(ledger.claims) < point:
                await asyncio.sleep(POLL_SECONDS)
            await act()

    async with asyncio.TaskGroup() as group:
        for number in range(customers):
            customer = Customer(number, deployment.url, ledger, seed)
            group.create_task(customer.run(decisions // customers))
        group.create_task(acting())
