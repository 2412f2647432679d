"""What the customers sent, and what the service acknowledged: the claims that the journal must bear out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from api.client.messages import Decision, Outcome

JOURNAL = "journal"
"""What an answer is degraded by if the journal was out of reach."""


class Claim(NamedTuple):
    """What a recorded answer said; every later answer to the same question must say the same."""

    placement: str
    action: str | None
    text: str | None
    propensity: float | None
    policy: str
    model_version: str
    group: str

    @classmethod
    def of(cls, decision: Decision) -> Claim:
        """The claim that an answer makes."""
        action = decision.action
        return cls(
            placement=decision.placement,
            action=None if action is None else action.id,
            text=None if action is None else action.content.get("text"),
            propensity=decision.propensity,
            policy=decision.policy,
            model_version=decision.model_version,
            group=decision.group,
        )


class OutcomeKey(NamedTuple):
    """What tells an outcome from all others."""

    decision_id: str
    outcome_id: str


@dataclass(slots=True)
class Ledger:
    """Shared by all customers.

    Attributes:
        asked: decision ids that were sent or answered.
        attempts: question id → how often it was sent.
        claims: decision id → what was acknowledged as recorded.
        provisional: likewise, of answers to a repeated question while the journal was out of reach: the service could
            not know of the first time, said so (``degraded``), and the journal keeps the first.
        reported: every outcome that was sent; ``acknowledged`` those that were accepted.
        shown: likewise for displays: decision id → whether the report was accepted.
        faults: answers that must not be.
        counts: what was sent how often (``questions``, ``reports``, ``retries``, ``duplicates`` …).
    """

    asked: set[str] = field(default_factory=set)
    attempts: Counter[str] = field(default_factory=Counter)
    claims: dict[str, Claim] = field(default_factory=dict)
    provisional: dict[str, Claim] = field(default_factory=dict)
    reported: dict[OutcomeKey, Outcome] = field(default_factory=dict)
    acknowledged: set[OutcomeKey] = field(default_factory=set)
    shown: dict[str, bool] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def answered(self, decision: Decision, question_id: str) -> None:
        """Take an answer in. One that says it is not recorded claims nothing."""
        id, claim = decision.decision_id, Claim.of(decision)
        self.asked.add(id)
        self.counts.update(f"degraded by {part}" for part in decision.degraded)
        if not decision.recorded:
            self.counts["unrecorded"] += 1
        elif JOURNAL in decision.degraded and self.attempts[question_id] > 1:
            self.provisional[id] = claim
        elif (first := self.claims.setdefault(id, claim)) != claim:
            self.faults.append(f"decision {id} was answered with {first}, then with {claim}")

    def reports(self, outcomes: Iterable[Outcome]) -> None:
        """These outcomes are sent now."""
        self.reported.update({OutcomeKey(each.decision_id, each.outcome_id): each for each in outcomes})

    def accepted(self, outcomes: Iterable[Outcome]) -> None:
        """These outcomes were acknowledged."""
        self.acknowledged.update(OutcomeKey(each.decision_id, each.outcome_id) for each in outcomes)
