"""From rows and request to one feature vector: what policies see, what only templates see, how fresh each part is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from features.derived import DERIVATIONS, Derivation
from features.errors import PlanError
from features.freshness import error_rows
from features.plan import Plan, PlannedFeature, PlannedView
from features.scalars import coerce, mismatch
from features.schema import PERSONALISATION, qualified
from features.vector import MISSING_ROW, FeatureVector, Freshness, Scalar, ViewRow

REQUEST = "request"


class _Sorted(NamedTuple):
    """A view's features by who may see them: feature name → qualified name.

    ``ttl_us``: of values that rows outlive; ``purposes``: of features that need more than consent to personalisation.
    """

    learned: dict[str, str]
    hidden: dict[str, str]
    ttl_us: dict[str, int]
    purposes: dict[str, str]


class _Input(NamedTuple):
    view: str
    name: str
    default: Scalar


class _Computed(NamedTuple):
    """A derivation with its inputs; ``None`` among the outputs stands for one that the service does not read."""

    derivation: Derivation
    inputs: tuple[_Input, ...]
    outputs: tuple[str | None, ...]


class Assembler:
    """Builds the vectors of one feature service; whatever depends on the plan alone is done once.

    Features that policies must not see (``render_only``, or ``learn: False``) go to ``FeatureVector.render_only``,
    whether or not the service names them. Context that nobody declared passes as ``request.<key>``; declared context
    of a type that it cannot have is named in ``FeatureVector.mistyped``.

    Attributes:
        roots: view → the name under which rules and templates know it.

    Raises:
        PlanError: the plan has a derived view that nobody can compute.
    """

    def __init__(self, plan: Plan, service: str | None) -> None:
        names = plan.names(service)
        views = plan.definitions.views
        self.roots = plan.roots
        sorted_views = {view.name: _sort(view, names) for view in views}
        self._planned = plan.stored_views
        self._stored = tuple((view.name, sorted_views[view.name]) for view in self._planned)
        self._request = sorted_views.get(REQUEST, _Sorted({}, {}, {}, {}))
        self._request_types = {f.name: f.type for view in views if view.kind == "request" for f in view.features}
        self._computed = tuple(_computed(view, plan, names) for view in views if view.kind == "derived")
        self._values = _defaults(views, sorted_views, hidden=False)
        self._hidden = _defaults(views, sorted_views, hidden=True)

    def __call__(
        self,
        rows: Mapping[str, ViewRow],
        context: Mapping[str, Scalar],
        now_us: int,
        purposes: Collection[str] | None = None,
    ) -> FeatureVector:
        """The vector of one decision.

        Args:
            context: feature name, unqualified → value.
            now_us: microseconds since the epoch.
            purposes: what the person agreed to; ``None`` for everything. What is for another purpose is not known.
        """
        values, hidden = self._values.copy(), self._hidden.copy()
        freshness: dict[str, Freshness] = {}
        known: dict[str, Mapping[str, Scalar]] = {}
        missing: list[str] = []
        unread: list[str] = []
        for view, features in self._stored:
            row = rows.get(view, MISSING_ROW)
            freshness[view] = row.freshness
            if row.remembered or row.freshness == "error":
                unread.append(view)
            known[view] = stored = _usable(features, row, now_us, purposes)
            absent = _take(stored, features.learned, values)
            if row.timestamp_us is not None:
                missing += absent
            _take(stored, features.hidden, hidden)
        request, mistyped = self._typed(context)
        known[REQUEST] = request
        missing += _take(request, self._request.learned, values)
        _take(request, self._request.hidden, hidden)
        for name, value in request.items():
            if name not in self._request.hidden:
                values[qualified(REQUEST, name)] = value
        for computed in self._computed:
            _compute(computed, known, now_us, values)
        return FeatureVector(values, hidden, freshness, mistyped, tuple(missing), tuple(unread))

    def unread(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        """The rows of a store that did not answer: an error row for every view that ``keys`` can find."""
        return error_rows(self._planned, keys)

    def _typed(self, context: Mapping[str, Scalar]) -> tuple[dict[str, Scalar], dict[str, str]]:
        types = self._request_types
        typed: dict[str, Scalar] = {}
        mistyped: dict[str, str] = {}
        for name, value in context.items():
            declared = types.get(name)
            checked = value if declared is None else coerce(declared, value)
            if checked is not None:
                typed[name] = checked
            elif declared is not None:
                mistyped[name] = mismatch(declared, value)
        return typed, mistyped


def assemble(
    plan: Plan, service: str | None, rows: Mapping[str, ViewRow], context: Mapping[str, Scalar], now_us: int
) -> FeatureVector:
    """One vector. Serving keeps an ``Assembler`` instead."""
    return Assembler(plan, service)(rows, context, now_us)


def _take(source: Mapping[str, Scalar], wanted: Mapping[str, str], target: dict[str, Scalar]) -> list[str]:
    """Qualified names of what is not there."""
    absent = []
    for name, full_name in wanted.items():
        if name in source:
            target[full_name] = source[name]
        else:
            absent.append(full_name)
    return absent


def _usable(features: _Sorted, row: ViewRow, now_us: int, purposes: Collection[str] | None) -> Mapping[str, Scalar]:
    """Without the values that are older than they may get, and those that may not be used for this person."""
    values = row.values
    if features.ttl_us and row.timestamp_us is not None:
        age_us = now_us - row.timestamp_us
        values = {name: value for name, value in values.items() if age_us <= features.ttl_us.get(name, age_us)}
    if features.purposes and purposes is not None:
        return {name: value for name, value in values.items() if features.purposes.get(name) in (None, *purposes)}
    return values


def _compute(
    computed: _Computed, known: Mapping[str, Mapping[str, Scalar]], now_us: int, values: dict[str, Scalar]
) -> None:
    inputs = [known[view].get(name, default) for view, name, default in computed.inputs]
    results: tuple[Any, ...] = computed.derivation.function(now_us, *inputs)
    for full_name, result in zip(computed.outputs, results, strict=True):
        if full_name is not None:
            values[full_name] = result


def _sort(view: PlannedView, names: frozenset[str]) -> _Sorted:
    full = {feature.name: qualified(view.name, feature.name) for feature in view.features}
    hidden = {f.name: full[f.name] for f in view.features if _is_hidden(f)}
    learned = {name: q for name, q in full.items() if name not in hidden and q in names}
    ttl_us = {f.name: f.ttl_us for f in view.features if f.ttl_us}
    purposes = {f.name: f.purpose for f in view.features if f.purpose != PERSONALISATION}
    return _Sorted(learned, hidden, ttl_us, purposes)


def _is_hidden(feature: PlannedFeature) -> bool:
    return feature.render_only or not feature.learn


def _defaults(
    views: tuple[PlannedView, ...], sorted_views: Mapping[str, _Sorted], *, hidden: bool
) -> dict[str, Scalar]:
    defaults: dict[str, Scalar] = {}
    for view in views:
        wanted = sorted_views[view.name].hidden if hidden else sorted_views[view.name].learned
        defaults.update((wanted[f.name], f.default) for f in view.features if f.name in wanted)
    return defaults


def _computed(view: PlannedView, plan: Plan, names: frozenset[str]) -> _Computed:
    derivation = DERIVATIONS.get(view.name)
    views = plan.definitions.views
    declared = {qualified(v.name, f.name): _Input(v.name, f.name, f.default) for v in views for f in v.features}
    if derivation is None or not declared.keys() >= set(derivation.inputs):
        raise PlanError(f"the derived view {view.name!r} cannot be computed: see features/derived/")
    outputs = (qualified(view.name, output) for output in derivation.outputs)
    inputs = tuple(declared[name] for name in derivation.inputs)
    return _Computed(derivation, inputs, tuple(name if name in names else None for name in outputs))
