"""A rate with its interval, as it is reported; or why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from api.demo.count import Counted
from engine.errors import NotEvaluable
from engine.stats.mean import mean
from engine.stats.sums import Moments


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """Mean reward of matched decisions. ``line`` says it, or why it cannot be said (then there are no numbers)."""

    line: str
    matched: int
    mean: float | None = None
    interval: tuple[float, float] | None = None


def rate(decisions: Sequence[Counted]) -> Rate:
    """The rate of decisions about different people: each counts once."""
    earned = [each.earned for each in decisions if each.earned is not None]
    try:
        result = mean(Moments.from_array(earned))
    except NotEvaluable as refusal:
        return Rate(line=f"not evaluable: {refusal}", matched=len(earned))
    return Rate(line=str(result), matched=len(earned), mean=result.mean, interval=(result.low, result.high))


def favourite(decisions: Sequence[Counted]) -> tuple[str, float]:
    """The action chosen most often, shown or not, and its share; empty if there is none."""
    chosen = Counter(each.action for each in decisions if each.action is not None)
    action, times = chosen.most_common(1)[0] if chosen else ("", 0)
    return action, times / max(1, chosen.total())
