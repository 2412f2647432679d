"""After the last turn: until the windows close, what the service settled, and the one decision to look at."""

from __future__ import annotations

import asyncio
import math
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


async def settled_as_seen(client: AsyncClient, exposures: Sequence[Exposure]) -> int:
    """How many of these decisions the service settled with the reward that the client saw."""
    matching = 0
    for exposure in exposures:
        settlement = (await client.explain(exposure.decision_id)).get("settlement")
        matching += settlement is not None and math.isclose(settlement["reward"], exposure.reward, abs_tol=1e-9)
    return matching


def every(exposures: Sequence[Exposure], count: int) -> Sequence[Exposure]:
    """About ``count`` of them, evenly spread over the run."""
    return exposures[:: max(1, len(exposures) // count)]


def worth_explaining(exposures: Sequence[Exposure]) -> Exposure:
    """The last decision a learned policy was rather sure of and right about; failing that, the last one there is."""
    sure = [e for e in exposures if e.group == TREATED and e.reason == "policy" and e.propensity >= RATHER_SURE]
    return next((exposure for exposure in reversed(sure) if exposure.reward > 0.0), exposures[-1])
