"""Names that mean two things, or none: in rules and templates, in crosses, and in what bots send."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from features.lint.finding import Figures, Finding, found
from features.listing import Listed
from features.plan import Plan
from features.schema import qualified


@dataclass(frozen=True, slots=True)
class Use:
    """How a placement uses the features.

    Attributes:
        service: the feature service that it reads; everything, where the plan has none of this name.
        crosses: pairs of namespaces.
    """

    service: str
    crosses: tuple[tuple[str, str], ...] = ()


def of_spaces(plan: Plan, listed: Sequence[Listed], uses: Mapping[str, Use]) -> Iterator[Finding]:
    """Findings among features that share a root or a namespace, and in the crosses of placements."""
    yield from _said_twice(listed)
    for placement, use in uses.items():
        names = plan.names(use.service)
        read = {each.namespace for each in listed if not each.is_hidden and each.name in names}
        yield from _of_crosses(placement, use, read)


def of_keys(listed: Sequence[Listed], sent: Mapping[str, int], decisions: int) -> Iterator[Finding]:
    """Findings among the context keys that bots sent and nobody declared.

    Args:
        sent: qualified name (``request.…``) → decisions with it.
    """
    known: dict[str, list[str]] = defaultdict(list)
    for each in listed:
        known[each.feature.name].append(each.name)
    for name, times in sent.items():
        evidence: Figures = {"decisions with it": times, "of": decisions}
        stored = known.get(name.partition(".")[2])
        if stored:
            mend = f"let bots send it by another name: {', '.join(stored)} is what it is called like"
            yield found("namespace", name, {**evidence, "called like": ", ".join(stored)}, mend)
        else:
            yield found("undeclared", name, evidence, "declare it in the view request, or have bots not send it")


def _said_twice(listed: Iterable[Listed]) -> Iterator[Finding]:
    held: dict[str, set[str]] = defaultdict(set)
    for each in listed:
        for space in _spaces(each):
            held[qualified(space, each.feature.name)].add(each.name)
    told: set[frozenset[str]] = set()
    for name, features in held.items():
        if len(features) > 1 and frozenset(features) not in told:
            told.add(frozenset(features))
            evidence = {"features": ", ".join(sorted(features))}
            yield found("namespace", name, evidence, "rename all but one: rules and Feast's clients use short names")


def _spaces(each: Listed) -> tuple[str, ...]:
    """Where its short name must be its own; what comes with the request is no part of Feast's services."""
    services = () if each.view.kind == "request" else each.services
    return tuple(dict.fromkeys((each.root, each.namespace, *services)))


def _of_crosses(placement: str, use: Use, read: Collection[str]) -> Iterator[Finding]:
    for cross in use.crosses:
        for namespace in sorted(set(cross) - set(read)):
            evidence: Figures = {"cross": " × ".join(cross), "service": use.service, "features of it in the service": 0}
            mend = f"cross one of {', '.join(sorted(read))}, or have the service read features of {namespace}"
            yield found("namespace", f"{placement}.crosses.{namespace}", evidence, mend)
