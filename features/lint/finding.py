"""One thing that is wrong with a feature, in figures, and what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

import msgspec

Severity = Literal["error", "warning"]
Code = Literal[
    "id",
    "timestamp",
    "constant",
    "near-unique",
    "unbounded-text",
    "unseen-value",
    "drift",
    "leakage",
    "namespace",
    "personal",
    "purpose",
    "undeclared",
    "no-owner",
    "no-description",
    "always-missing",
    "always-stale",
]
Figures = Mapping[str, str | int | float]

MEANING: Mapping[Code, str] = {
    "id": "it names one person or thing: nothing learned of one value holds for another",
    "timestamp": "a moment as it is grows for ever: policies learn the calendar",
    "constant": "it was the same in every decision: there is nothing to learn from it",
    "near-unique": "a category with hardly a value twice: there is nothing to learn from it",
    "unbounded-text": "long texts, each a category of its own",
    "unseen-value": "values outside the declared vocabulary or range",
    "drift": "its values of late are others than before",
    "leakage": "it says what came of the decision, which nobody can know before",
    "namespace": "a name that means two things, or none",
    "personal": "it tells who somebody is, and policies see it",
    "purpose": "what people are protected by law from being judged by, used without a consent of its own",
    "undeclared": "bots send it, and nobody declared it: its type is guessed, its range unknown",
    "no-owner": "nobody answers for it",
    "no-description": "nobody says what it is",
    "always-missing": "it was never known",
    "always-stale": "it was always older than its time to live",
}
_SAID_BETTER: Mapping[Code, frozenset[Code]] = {
    "id": frozenset({"timestamp"}),
    "unbounded-text": frozenset({"timestamp", "id"}),
    "near-unique": frozenset({"timestamp", "id", "unbounded-text"}),
    "drift": frozenset({"timestamp", "id"}),
    "unseen-value": frozenset({"timestamp"}),
    "constant": frozenset({"namespace", "undeclared"}),
}
"""Code → others that explain it: who reads that it is an id need not read that its values are many."""
_ERRORS: frozenset[Code] = frozenset({"id", "timestamp", "unbounded-text", "leakage", "namespace", "personal"})


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding.

    Attributes:
        feature: qualified name; a view's, a placement's or a context key's where it is about that.
        evidence: what was counted → figure.
        mend: what to do.
    """

    code: Code
    severity: Severity
    feature: str
    evidence: dict[str, str | int | float]
    mend: str


def found(code: Code, feature: str, evidence: Figures, mend: str, *, severity: Severity | None = None) -> Finding:
    """A finding, as grave as its code is where nothing else is said."""
    grave: Severity = severity or ("error" if code in _ERRORS else "warning")
    return Finding(code=code, severity=grave, feature=feature, evidence=dict(evidence), mend=mend)


def ordered(findings: Iterable[Finding], allowed: Collection[str] = ()) -> tuple[Finding, ...]:
    """Errors first, then by feature; each code once a feature, the first one found.

    Args:
        allowed: what somebody looked at and wants to hear no more of: codes, or ``code:feature``.
    """
    first: dict[tuple[str, Code], Finding] = {}
    for finding in findings:
        first.setdefault((finding.feature, finding.code), finding)
    told = [each for each in first.values() if not _is_said_better(each, first)]
    kept = [each for each in told if not {each.code, f"{each.code}:{each.feature}"} & set(allowed)]
    return tuple(sorted(kept, key=lambda each: (each.severity, each.feature, each.code)))


def _is_said_better(finding: Finding, all_found: Collection[tuple[str, Code]]) -> bool:
    return any((finding.feature, code) in all_found for code in _SAID_BETTER.get(finding.code, ()))
