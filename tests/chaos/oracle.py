"""What every decision has earned, worked out once more from the journal's outcomes, in no other way than on paper."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache

import yaml

from api.settings import EXAMPLE_CONFIG
from tests.chaos.bot import GRACE_SECONDS, WINDOW_SECONDS
from tests.chaos.journaled import Chosen, Journaled, Reported

HOLD_US = round((WINDOW_SECONDS + GRACE_SECONDS) * 1e6)


def wrong_rewards(journaled: Journaled) -> Iterator[str]:
    """Settlements whose reward is not what the outcomes say."""
    told: dict[str, list[tuple[str, Reported]]] = {}
    for key, found in journaled.outcomes.items():
        told.setdefault(key.decision_id, []).extend((key.outcome_id, each) for each in found)
    for id, records in journaled.settled.items():
        decision = journaled.decisions.get(id, [None])[0]
        if decision is None:
            continue
        expected = _reward(decision, _counted(decision, told.get(id, [])))
        if not math.isclose(records[0].reward, expected, abs_tol=1e-9):
            yield f"decision {id} was settled with {records[0].reward}, its outcomes say {expected}"


def _counted(decision: Chosen, told: list[tuple[str, Reported]]) -> list[float]:
    """Values in time, in the order of the journal; a correction stands where stood what it corrects."""
    values: dict[str, float] = {}
    for id, each in sorted(told, key=lambda pair: pair[1].position):
        if each.shard == decision.shard and each.time_us <= decision.time_us + HOLD_US:
            values[each.corrects or id] = each.value
    return list(values.values())


def _reward(decision: Chosen, values: list[float]) -> float:
    if not values:
        return 0.0
    if decision.placement == "greeting":
        return values[0]
    if decision.placement == "recommendation":
        return max(values)
    return sum(values) - (_costs().get(decision.action or "", 0.0) if any(values) else 0.0)


@cache
def _costs() -> dict[str, float]:
    """Offer → what it costs if it is accepted."""
    actions = yaml.safe_load(EXAMPLE_CONFIG.read_text())["placements"]["offer"]["actions"]
    return {action["id"]: float(action.get("cost", 0.0)) for action in actions}
