"""What the values tell that policies saw: too many of them, only one, others than were expected."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from features.lint.declared import HIDE
from features.lint.finding import Figures, Finding, found
from features.lint.sample import Column
from features.listing import Listed
from features.vector import Scalar

UNSEEN_SHARE = 0.001
BEYOND_SHARE = 0.01
"""A range is where values are expected: a few lie beyond, and count as its end."""
NEAR_UNIQUE_SHARE = 0.5
LEAST_NEAR_UNIQUE = 50
LONG_CHARACTERS = 40
MANY_WORDS = 4
MANY_TEXTS = 50
EXAMPLES = 3


def of_values(each: Listed, column: Column, own_views: Collection[str]) -> Iterator[Finding]:
    """Findings among the known values of one feature.

    Args:
        own_views: those that the service itself writes: that nothing else happened yet is no mistake.
    """
    if not column.tells:
        return
    yield from _unseen(each, column)
    if each.is_seen and each.view.kind != "derived":
        if each.view.name not in own_views:
            yield from _constant(each, column)
        if each.is_category:
            yield from _text(each, column) if is_text(column) else _near_unique(each, column)


def is_text(column: Column) -> bool:
    """Whether most of its values are long, and many different."""
    lengths = [len(text) for text in column.texts]
    words = [len(text.split()) for text in column.texts]
    many = len(column.counts) >= MANY_TEXTS
    return many and (float(np.median(lengths)) >= LONG_CHARACTERS or float(np.median(words)) >= MANY_WORDS)


def distinct_shares(column: Column) -> tuple[float, float]:
    """Different values as a share of the decisions, and one value of each person as a share of the people."""
    return len(column.counts) / len(column.known), len(set(column.of_people)) / len(column.of_people)


def _constant(each: Listed, column: Column) -> Iterator[Finding]:
    """What comes with the request may always be the normal case, which is what its default is for."""
    [value, *others] = column.counts
    normal = each.view.kind == "request" and value == each.feature.default
    if not others and not normal:
        evidence: Figures = {"different values": 1, **_counted(column), **_told(each, [value])}
        yield found("constant", each.name, evidence, f"see whether it is filled as it should be; else {HIDE}")


def _text(each: Listed, column: Column) -> Iterator[Finding]:
    evidence: Figures = {
        "different values": len(column.counts),
        "median length": int(np.median([len(text) for text in column.texts])),
        **_counted(column),
    }
    yield found("unbounded-text", each.name, evidence, "declare it free_text: policies then see its words")


def _near_unique(each: Listed, column: Column) -> Iterator[Finding]:
    of_decisions, of_people = distinct_shares(column)
    apart = len(column.of_people) >= LEAST_NEAR_UNIQUE and of_people >= NEAR_UNIQUE_SHARE
    if not apart and of_decisions < NEAR_UNIQUE_SHARE:
        return
    evidence: Figures = {
        "different values": len(column.counts),
        **_counted(column),
        "share of people with a value of their own": round(of_people, 3),
    }
    if each.feature.sensitivity == "none":
        yield found("near-unique", each.name, evidence, f"declare a vocabulary of fewer, coarser values; else {HIDE}")
    else:
        yield found("personal", each.name, evidence, "declare a vocabulary of coarser values, or make it render_only")


def _unseen(each: Listed, column: Column) -> Iterator[Finding]:
    outside = _outside(each, column)
    times = sum(column.counts[value] for value in outside)
    if times <= (UNSEEN_SHARE if each.feature.vocabulary else BEYOND_SHARE) * len(column.known):
        return
    evidence: Figures = {"outside": times, **_counted(column), **_told(each, outside)}
    what = "vocabulary" if each.feature.vocabulary else "range"
    yield found("unseen-value", each.name, evidence, f"mend what fills it, or declare another {what}")


def _outside(each: Listed, column: Column) -> list[Scalar]:
    vocabulary, limits = each.feature.vocabulary, each.feature.range
    if vocabulary:
        return [value for value in column.counts if value not in vocabulary]
    if limits is None:
        return []
    low, high = limits
    return [value for value in column.counts if isinstance(value, int | float) and not low <= value <= high]


def _counted(column: Column) -> dict[str, int]:
    return {"known in decisions": len(column.known), "people": len(column.of_people)}


def _told(each: Listed, values: list[Scalar]) -> dict[str, str | int | float]:
    """Numbers by their ends, others by some of them; nothing of what is about persons."""
    if not values or each.feature.sensitivity != "none" or each.feature.render_only:
        return {}
    if each.is_number:
        numbers = [float(value) for value in values]
        return {"least": min(numbers), "greatest": max(numbers)}
    return {"values": ", ".join(map(str, values[:EXAMPLES]))}
