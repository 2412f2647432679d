"""Values that are ids, moments, or tell who somebody is, whatever the feature is called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from features.files.moments import moment_us
from features.lint.declared import HIDE
from features.lint.finding import Finding, found
from features.lint.names import may_lie_ahead
from features.lint.sample import Column, Sample
from features.lint.values import distinct_shares, is_text
from features.listing import Listed
from features.vector import Scalar

LEAST_PEOPLE = 50
OWN_SHARE = 0.95
MOMENTS_SHARE = 0.9
ALIKE_SHARE = 0.9
PERSONAL_SHARE = 0.01
GREAT = 10_000
"""Numbers below may be counts that just happen to differ."""
YEAR_US = round(365.25 * 86_400 * 1e6)
PAST_US, FUTURE_US = 30 * YEAR_US, 5 * YEAR_US
SINCE_2000_US = 946_684_800_000_000
CLOCKS_APART_US = 60_000_000
EXAMINED = 5_000

_LOOKS_LIKE_AN_ID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}|[0-9a-fA-F]{16,}|\d{6,}")
_PERSONAL = re.compile(
    r"(?P<email>[^@\s]+@[^@\s]+\.\w{2,})|(?P<address>\b(?:\d{1,3}\.){3}\d{1,3}\b)|(?P<phone>\+\d[\d\s()/.-]{7,}\d)"
)


class _Moments(NamedTuple):
    """Values that are moments, as (time of the decision, moment), of how many that are anything."""

    times: list[tuple[int, int]]
    values: int

    @property
    def are_these(self) -> bool:
        return self.values > 0 and len(self.times) >= MOMENTS_SHARE * self.values


def of_identity(each: Listed, column: Column, sample: Sample) -> Iterator[Finding]:
    """Findings among the known values of one feature."""
    if not column.tells or each.view.kind == "derived":
        return
    moments = _moments_of(each, column, sample)
    yield from _later(each, moments)
    if each.is_seen:
        yield from _moments(each, moments)
        yield from _ids(each, column)
        yield from _persons(each, column)


def _ids(each: Listed, column: Column) -> Iterator[Finding]:
    if not _could_be_id(each, column):
        return
    of_decisions, of_people = distinct_shares(column)
    own = len(column.of_people) >= LEAST_PEOPLE and of_people >= OWN_SHARE and len(column.counts) <= _pairs_most(column)
    alike = sum(_LOOKS_LIKE_AN_ID.fullmatch(str(value)) is not None for value in column.counts) / len(column.counts)
    many = max(of_decisions, of_people) >= 0.5
    if own or (alike >= ALIKE_SHARE and many):
        evidence = {
            "different values": len(column.counts),
            "people": len(column.of_people),
            "share that looks like an id": round(alike, 3),
        }
        yield found("id", each.name, evidence, HIDE)


def _could_be_id(each: Listed, column: Column) -> bool:
    if each.is_category:
        return not is_text(column)
    if each.feature.type != "int" or each.feature.range is not None or each.feature.buckets:
        return False
    return float(np.median(np.abs(column.numbers))) >= GREAT


def _pairs_most(column: Column) -> float:
    """An id does not change: there are about as many values as people."""
    return len(column.of_people) / OWN_SHARE


def _moments(each: Listed, moments: _Moments) -> Iterator[Finding]:
    if moments.are_these:
        evidence = {"values that are a moment of these years": len(moments.times), "of": moments.values}
        yield found("timestamp", each.name, evidence, f"derive from it how long ago it is, and {HIDE}")


def _later(each: Listed, moments: _Moments) -> Iterator[Finding]:
    """A moment after the decision was stored by somebody who knew what came later, if it is none that is planned."""
    later = [moment - time_us for time_us, moment in moments.times if moment > time_us + CLOCKS_APART_US]
    if later and moments.are_these and not may_lie_ahead(each.feature.name):
        evidence = {
            "later than the decision": len(later),
            "of": len(moments.times),
            "by at most seconds": max(later) // 1_000_000,
        }
        yield found("leakage", each.name, evidence, "load with rows only what was known at their event time")


def _moments_of(each: Listed, column: Column, sample: Sample) -> _Moments:
    """Of some of the known values, evenly chosen; 0 and nothing stand for no moment."""
    if each.feature.type == "bool" or each.feature.vocabulary or each.feature.free_text:
        return _Moments([], 0)
    times_us = sample.times_us[column.is_known]
    places = np.unique(np.linspace(0, len(times_us) - 1, min(EXAMINED, len(times_us))).astype(int))
    told = [(int(times_us[place]), column.known[place]) for place in places if column.known[place]]
    moments = ((time_us, _moment_near(value, time_us)) for time_us, value in told)
    return _Moments([(time_us, moment) for time_us, moment in moments if moment is not None], len(told))


def _moment_near(value: Scalar, time_us: int) -> int | None:
    """The moment that a value is, if it is of the years around a decision."""
    moment = moment_us(value)
    if moment is None or moment < SINCE_2000_US:
        return None
    return moment if -PAST_US <= moment - time_us <= FUTURE_US else None


def _persons(each: Listed, column: Column) -> Iterator[Finding]:
    matches = [match for text in column.texts[:EXAMINED] if (match := _PERSONAL.search(text)) is not None]
    if len(matches) >= max(1.0, PERSONAL_SHARE * min(len(column.texts), EXAMINED)):
        kinds = sorted({str(match.lastgroup) for match in matches})
        evidence = {"values that tell a person": len(matches), "of": min(len(column.texts), EXAMINED)}
        yield found(
            "personal", each.name, {**evidence, "such as": ", ".join(kinds)}, "declare it personal and render_only"
        )
