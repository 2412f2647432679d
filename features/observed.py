"""Decisions as they were journaled, as far as features are concerned."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from features.derived import DERIVATIONS
from features.listing import Listed
from features.vector import Freshness, Scalar

Knowledge = Literal["fresh", "stale", "missing", "not asked"]
"""Of a value: that of its row; that it is not there; or that nobody asked for it, or its store did not answer."""

_KNOWN: tuple[Knowledge, ...] = ("fresh", "stale")


@dataclass(frozen=True, slots=True)
class Observed:
    """One decision.

    Attributes:
        time_us: when it was recorded.
        unit: pseudonym of who asked.
        keys: join keys by which rows were asked for.
        values: qualified name → value, of features that only templates saw, too.
        missing: those that were not known though their row was there.
        reward: what it was settled with; ``None`` as long as it is open.
    """

    time_us: int
    placement: str
    unit: str
    keys: Collection[str]
    values: Mapping[str, Scalar]
    freshness: Mapping[str, Freshness]
    missing: Collection[str] = ()
    reward: float | None = None


class Knowing:
    """Tells of each value of a decision whether it was known, or a default stood in."""

    def __init__(self, listed: Collection[Listed]) -> None:
        self._keys = {each.view.name: each.view.join_key for each in listed}
        self._inputs = {each.view.name: _stored_inputs(each.view.name, listed) for each in listed}

    def __call__(self, each: Listed, decision: Observed) -> Knowledge:
        """Of one feature."""
        if each.name not in decision.values:
            return "not asked"
        if each.name in decision.missing:
            return "missing"
        kind, view = each.view.kind, each.view.name
        if kind == "request":
            return "fresh"
        return self._derived(view, decision) if kind == "derived" else self._row(view, decision)

    def _row(self, view: str, decision: Observed) -> Knowledge:
        freshness = decision.freshness.get(view, "error")
        if freshness == "error" or (freshness == "missing" and self._keys.get(view) not in decision.keys):
            return "not asked"
        return freshness

    def _derived(self, view: str, decision: Observed) -> Knowledge:
        """As much as the best of its inputs; what needs no row is always known."""
        inputs = {self._row(each, decision) for each in self._inputs[view]}
        order: tuple[Knowledge, ...] = (*_KNOWN, "missing", "not asked")
        return next((knowledge for knowledge in order if knowledge in inputs), "fresh")


def _stored_inputs(view: str, listed: Collection[Listed]) -> frozenset[str]:
    stored = {each.view.name for each in listed if each.view.join_key is not None}
    derivation = DERIVATIONS.get(view)
    return frozenset({name.partition(".")[0] for name in derivation.inputs} & stored) if derivation else frozenset()
