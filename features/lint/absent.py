"""What was never known, or always too old: a row that nobody loads, a column that nobody fills."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from features.lint.finding import Code, Finding, found
from features.lint.sample import LEAST_DECISIONS, LEAST_PEOPLE, STALE, Sample
from features.listing import Listed
from features.schema import PERSONALISATION

STALE_SHARE = 0.95
MISSING_MEND = "load it: maitred features load, push or materialize"
STALE_MEND = "load it more often than its time to live, or declare a longer one"


def of_absence(sample: Sample, own_views: frozenset[str]) -> Iterator[Finding]:
    """Findings among stored features that a service reads. A whole view is one finding.

    Args:
        own_views: those that the service itself writes: what is in them depends on what happens.
    """
    views: dict[str, list[Listed]] = defaultdict(list)
    for each in sample.listed:
        if each.view.join_key is not None and each.view.name not in own_views and each.services:
            views[each.view.name].append(each)
    for view, features in views.items():
        yield from _of_view(view, [each for each in features if _is_asked(sample, each)], sample)


def _of_view(view: str, features: Sequence[Listed], sample: Sample) -> Iterator[Finding]:
    missing = [each for each in features if not sample.columns[each.name].is_known.any()]
    stale = [each for each in features if each not in missing and _stale_share(sample, each) >= STALE_SHARE]
    yield from _told("always-missing", view, features, missing, sample)
    yield from _told("always-stale", view, features, stale, sample)


def _told(
    code: Code, view: str, features: Sequence[Listed], bad: Sequence[Listed], sample: Sample
) -> Iterator[Finding]:
    mend = MISSING_MEND if code == "always-missing" else STALE_MEND
    if bad and len(bad) == len(features):
        asked = int(sample.columns[bad[0].name].is_asked.sum())
        yield found(code, view, {"features": len(bad), "asked for in decisions": asked}, mend)
        return
    for each in bad:
        asked = int(sample.columns[each.name].is_asked.sum())
        agreed = "" if each.feature.purpose == PERSONALISATION else f"; or nobody agreed to {each.feature.purpose}"
        yield found(code, each.name, {"asked for in decisions": asked}, mend + agreed)


def _stale_share(sample: Sample, each: Listed) -> float:
    column = sample.columns[each.name]
    return float(np.mean(column.knowledge[column.is_known] == STALE))


def _is_asked(sample: Sample, each: Listed) -> bool:
    column = sample.columns[each.name]
    people = len(np.unique(column.units[column.is_asked]))
    return int(column.is_asked.sum()) >= LEAST_DECISIONS and people >= LEAST_PEOPLE
