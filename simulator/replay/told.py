"""A replay in words and in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.stats.interval import CONFIDENCE
from simulator.replay.replay import Replay


def lines(label: str, found: Replay, confidence: float = CONFIDENCE) -> Iterator[str]:
    """The value of a policy and what it is of, or why there is none, and the verdict's reasons."""
    if found.evaluable:
        interval = found.interval(confidence)
        percent = f"{confidence:.0%}".replace("%", " %")
        yield f"{label}: {found.value:.4f} [{interval.low:.4f}, {interval.high:.4f}] ({percent}) {_of(found)}"
    yield f"{label}: {found.verdict.level}"
    yield from (f"  {reason.level}: {reason.words}" for reason in found.verdict.reasons)


def _of(found: Replay) -> str:
    if found.own_history:
        return f"a decision, over the first {found.decisions:,} from which it would have learned"
    return f"a decision, having learned from the {found.decisions:,} of the log"


def as_json(label: str, found: Replay, confidence: float = CONFIDENCE) -> dict[str, Any]:
    """The same for programs; no number where the verdict is *not evaluable*."""
    interval = found.interval(confidence) if found.evaluable else None
    return {
        "policy": label,
        "method": found.method,
        "value": found.value if interval else None,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "confidence": confidence,
        "standard_error": found.standard_error if interval else None,
        "decisions": found.decisions,
        "learned": [way.learned for way in found.ways],
        "lost": max(way.lost for way in found.ways),
        "verdict": str(found.verdict.level),
        "reasons": [{"level": str(reason.level), "words": reason.words} for reason in found.verdict.reasons],
    }
