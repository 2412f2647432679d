"""How what was served differs from what the history says, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import msgspec
import pyarrow as pa

from features.files.parts import files_of
from features.offline.evidence import Evidence, evidence
from features.offline.past import ID, TIME, Logged, logged_of
from features.plan import Plan, PlannedFeature, PlannedView
from features.schema import qualified
from features.vector import Scalar

Cause = Literal[
    "not read",
    "not in the history",
    "equal stamps",
    "time to live",
    "materialise lag",
    "at the same moment",
    "left out by its newest row",
    "materialise lag, presumed",
    "pushed since",
    "unexplained",
]
WHY: Mapping[Cause, str] = {
    "not read": "the online store did not answer in time",
    "not in the history": "no row until then: it was pushed, or its history was not kept",
    "equal stamps": "several rows of one time that differ: which one is the newest is chance",
    "time to live": "too old for Feast, which leaves it out; a decision gets it, marked stale",
    "materialise lag": "it had happened, and was loaded after the decision",
    "at the same moment": "it came online while the decision was made",
    "left out by its newest row": "loaded without this column: online what was stored stayed, the history has nothing",
    "materialise lag, presumed": "as above, or changed by others: the file does not say when it came online",
    "pushed since": "a push view's rows need not be in the history",
    "unexplained": "it was online before the decision, which must have seen it",
}
MOMENT_US = 1_000_000
"""Between reading its features and being recorded a decision takes no longer."""


class Skew(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared: views of decisions whose entity they have.

    Attributes:
        decisions: how many there are.
        compared: views of decisions; ``equal`` are those of which every feature is the same.
        available: of those compared, how many whose newest row was loaded for certain before the decision. They must
            be equal, or explained by equal stamps, time to live or columns that were not loaded.
        causes: cause → view → how often.
        features: qualified name → how often it differed.
    """

    decisions: int
    compared: int
    equal: int
    available: int
    causes: dict[Cause, dict[str, int]]
    features: dict[str, int]


class _Case(NamedTuple):
    """One view of one decision."""

    view: PlannedView
    time_us: int
    logged: Logged
    past: Mapping[str, Scalar | None]
    evidence: Evidence | None


class Comparison:
    """Counts while chunks go by."""

    def __init__(self, plan: Plan) -> None:
        views = [view for view in plan.stored_views if view.name in plan.sources]
        self._views = [view for view in views if files_of(plan.sources[view.name].path)]
        self._sources = plan.sources
        self._decisions = self._compared = self._equal = self._available = 0
        self._causes: Counter[tuple[Cause, str]] = Counter()
        self._features: Counter[str] = Counter()

    def add(self, chunk: pa.Table, frame: pa.Table) -> None:
        """Compare a chunk of decisions with Feast's frame of them, in whatever order that is."""
        self._decisions += len(chunk)
        for view in self._views:
            for case in self._cases(view, chunk, frame):
                self._count(case)

    def told(self) -> Skew:
        """So far."""
        causes: dict[Cause, dict[str, int]] = {}
        for (cause, view), times in self._causes.most_common():
            causes.setdefault(cause, {})[view] = times
        return Skew(
            decisions=self._decisions,
            compared=self._compared,
            equal=self._equal,
            available=self._available,
            causes=causes,
            features=dict(self._features.most_common()),
        )

    def _cases(self, view: PlannedView, chunk: pa.Table, frame: pa.Table) -> Iterator[_Case]:
        known = evidence(view, self._sources[view.name], chunk)
        names = [feature.name for feature in view.features if not feature.render_only]
        columns = [frame[f"{view.name}__{name}"].to_pylist() for name in names]
        past = {
            id: dict(zip(names, row, strict=True)) for id, *row in zip(frame[ID].to_pylist(), *columns, strict=True)
        }
        times = chunk[TIME].cast(pa.int64()).to_pylist()
        about = zip(chunk[ID].to_pylist(), times, chunk[str(view.join_key)].to_pylist(), logged_of(chunk), strict=True)
        for id, time_us, entity, logged in about:
            if entity is not None:
                yield _Case(view, time_us, logged, past[id], known.get(id))

    def _count(self, case: _Case) -> None:
        self._compared += 1
        self._available += _was_available(case)
        differing = [feature for feature in case.view.features if _differs(case, feature)]
        if not differing:
            self._equal += 1
            return
        self._causes[_cause(case, differing), case.view.name] += 1
        self._features.update(qualified(case.view.name, feature.name) for feature in differing)


def _differs(case: _Case, feature: PlannedFeature) -> bool:
    name = qualified(case.view.name, feature.name)
    if name not in case.logged.features:
        return False
    value: Any = case.past[feature.name]
    return bool(case.logged.features[name] != (feature.default if value is None else value))


def _was_available(case: _Case) -> bool:
    known = case.evidence
    return known is not None and (known.told.available_us or case.time_us) < case.time_us - MOMENT_US


def _cause(case: _Case, differing: list[PlannedFeature]) -> Cause:
    view, known = case.view, case.evidence
    if view.name in case.logged.unread or case.logged.freshness.get(view.name) == "error":
        return "not read"
    if known is None:
        return "not in the history"
    if known.contents > 1:
        return "equal stamps"
    age_us = case.time_us - known.newest_us
    if any(0 < ttl_us < age_us for ttl_us in (view.ttl_us, *(feature.ttl_us for feature in differing))):
        return "time to live"
    return _cause_by_availability(case, known, differing)


def _cause_by_availability(case: _Case, known: Evidence, differing: list[PlannedFeature]) -> Cause:
    available_us, features = known.told
    if available_us is not None and available_us > case.time_us:
        return "materialise lag"
    if available_us is not None and not _was_available(case):
        return "at the same moment"
    if features is not None and features.isdisjoint(feature.name for feature in differing):
        return "left out by its newest row"
    if available_us is None:
        return "materialise lag, presumed"
    return "pushed since" if case.view.kind == "push" else "unexplained"
