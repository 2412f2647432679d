"""What a log says a policy would have earned, and how far that may be believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.stats.sums import Moments
from simulator.audit.audit import Audit
from simulator.audit.verdict import Level, Verdict
from simulator.logs.faults import Faults
from simulator.ope.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Of one policy on one log.

    Attributes:
        taken_for: what the log was taken for.
        logged: rewards of the usable rows, as they were.
        estimates: none where the verdict is *not evaluable*: there is no number to be misled by.
        faults: rows that could not be used at all.
    """

    policy: str
    taken_for: str
    logged: Moments
    estimates: tuple[Estimate, ...]
    audit: Audit
    verdict: Verdict
    faults: Faults

    @property
    def evaluable(self) -> bool:
        """Whether there are numbers."""
        return self.verdict.level is not Level.NOT_EVALUABLE

    def lines(self) -> Iterator[str]:
        """For a terminal: the log, the numbers, the verdict, and what was wrong."""
        mark = " (propensities are estimated)" if self.audit.propensities == "estimated" else ""
        yield f"log: {self.taken_for}{mark}"
        yield f"rows: {self.audit.rows.usable:,} of {self.audit.rows.total + self.faults.count:,} can be used"
        if self.logged.n:
            yield f"logged: {self.logged.mean:.4f} a decision"
        yield from (f"{self.policy}: {estimate}{mark}" for estimate in self.estimates)
        yield f"verdict: {self.verdict.level}"
        yield from (f"  {reason.level}: {reason.words}" for reason in self.verdict.reasons)
        yield from (f"  left out: {line}" for line in self.faults.lines())

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "policy": self.policy,
            "log": self.taken_for,
            "propensities": self.audit.propensities,
            "rows": {"usable": self.audit.rows.usable, "total": self.audit.rows.total, "bad": self.faults.count},
            "logged": self.logged.mean if self.logged.n else None,
            "estimates": [_as_json(estimate) for estimate in self.estimates],
            "verdict": str(self.verdict.level),
            "reasons": [{"level": str(reason.level), "words": reason.words} for reason in self.verdict.reasons],
            "faults": list(self.faults.lines()),
        }


def _as_json(estimate: Estimate) -> dict[str, Any]:
    interval = estimate.interval
    return {
        "estimator": estimate.estimator,
        "value": estimate.value,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "interval": None if interval is None else interval.kind,
        "confidence": None if interval is None else interval.confidence,
        "reason": estimate.reason,
        "n": estimate.n,
        "effective_n": estimate.effective,
    }
