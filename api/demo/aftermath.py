"""After the last turn: until the windows close, and the one decision to look at."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from api.client import AsyncClient
from api.demo.report import TREATED
from api.demo.tally import Exposure

LONGEST_WAIT_S = 20.0
POLL_S = 0.25
RATHER_SURE = 0.5


async def settled(client: AsyncClient, decision_id: str) -> bool:
    """Wait until the decision has its final reward; False if that takes too long."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LONGEST_WAIT_S
    while loop.time() < deadline:
        if (await client.explain(decision_id)).get("settlement") is not None:
            return True
        await asyncio.sleep(POLL_S)
    return False


def worth_explaining(exposures: Sequence[Exposure]) -> Exposure:
    """The last decision a learned policy was rather sure of and right about; failing that, the last one there is."""
    sure = [e for e in exposures if e.group == TREATED and e.reason == "policy" and e.propensity >= RATHER_SURE]
    return next((exposure for exposure in reversed(sure) if exposure.reward > 0.0), exposures[-1])
