"""Everything that can be found, in one go."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from features.lint.absent import of_absence
from features.lint.declared import of_declarations
from features.lint.drift import of_drift
from features.lint.finding import Finding, ordered
from features.lint.identity import of_identity
from features.lint.leakage import of_leakage
from features.lint.sample import Sample, sample_of
from features.lint.spaces import Use, of_keys, of_spaces
from features.lint.values import of_values
from features.listing import Listed, listing
from features.observed import Observed
from features.plan import Plan
from features.session import SESSION_VIEW

OWN_VIEWS = frozenset({SESSION_VIEW, "user_exposure"})
"""What the service itself writes, turn by turn."""


def lint(
    plan: Plan, uses: Mapping[str, Use], decisions: Sequence[Observed] = (), allowed: Collection[str] = ()
) -> tuple[Finding, ...]:
    """What is wrong with the features of a plan, errors first.

    Args:
        uses: placement → how it uses them.
        decisions: a sample of those that were made; without any only the declarations are looked at.
        allowed: findings to leave out, as codes or ``code:feature``.
    """
    listed = listing(plan, {use.service for use in uses.values()} or None)
    findings = [*of_declarations(listed), *of_spaces(plan, listed, uses)]
    if decisions:
        findings += _of_decisions(listed, sample_of(listed, decisions))
    return ordered(findings, allowed)


def _of_decisions(listed: Sequence[Listed], sample: Sample) -> Iterator[Finding]:
    for each in sample.listed:
        column = sample.columns[each.name]
        yield from of_identity(each, column, sample)
        yield from of_values(each, column, OWN_VIEWS)
    yield from of_keys(listed, sample.undeclared, len(sample))
    yield from of_absence(sample, OWN_VIEWS)
    yield from of_drift(sample, OWN_VIEWS)
    yield from of_leakage(sample)
