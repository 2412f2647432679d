"""What can be declared of a view and of a feature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from typing import Literal

from features.errors import FeatureError
from features.scalars import FeatureType, coerce
from features.vector import Scalar

ViewKind = Literal["batch", "push", "request", "derived"]
Sensitivity = Literal["none", "personal", "sensitive"]
Scaling = Literal["standard", "range", "log", "buckets"]
Imputation = Literal["default", "mean"]


MOST = 1e12
"""No feature is expected to have a greater magnitude."""
PERSONALISATION = "personalisation"
"""The purpose that consent is about where nothing else is said."""


def qualified(view: str, name: str) -> str:
    """``("user_profile", "tier")`` → ``"user_profile.tier"``."""
    return f"{view}.{name}"


@dataclass(frozen=True, slots=True)
class ViewSpec:
    """One feature view.

    Attributes:
        kind: ``batch`` (materialised from Parquet), ``push`` (written turn by turn), ``request`` (comes with the
            request) or ``derived`` (computed at decision time).
        join_key: what its rows are found by; ``None`` for ``request`` and ``derived``.
        ttl: older rows are stale; ``None`` means that they never are.
    """

    name: str
    kind: ViewKind
    join_key: str | None = None
    ttl: timedelta | None = None


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """One feature.

    Attributes:
        default: what stands for it while nothing is stored.
        range: least and greatest value that is expected; for numbers only.
        vocabulary: the values that are expected; for strings only. To policies all others are the same, unknown one.
        scaling: what policies see of a number: its distance from the mean so far in standard deviations, its place in
            the ``range``, its logarithm, or which of the ``buckets`` it is in.
        buckets: ascending edges.
        impute: what stands for it, to policies, where it is not known: the default, or the mean so far (for numbers).
            That it is not known they see, too.
        namespace: features of two namespaces can be crossed by a placement; the view's name by default.
        sensitivity: ``personal`` tells who somebody is, ``sensitive`` what somebody would not want told.
        render_only: may reach templates and nothing else.
        learn: False keeps it from policies; templates and derived features still see it.
        free_text: it is what somebody wrote: policies see its words, not the whole.
        purpose: what its person must have agreed to before it is used.
        ttl: how long it is true, where that is shorter than its view's rows live; older, it counts as not known.
        owner: who answers for it.
    """

    view: str
    name: str
    type: FeatureType
    default: Scalar
    description: str
    _: KW_ONLY
    range: tuple[float, float] | None = None
    vocabulary: tuple[str, ...] = ()
    scaling: Scaling = "standard"
    buckets: tuple[float, ...] = ()
    impute: Imputation = "default"
    namespace: str = ""
    sensitivity: Sensitivity = "none"
    render_only: bool = False
    learn: bool = True
    free_text: bool = False
    purpose: str = PERSONALISATION
    ttl: timedelta | None = None
    owner: str = "growth"

    def __post_init__(self) -> None:
        if type(coerce(self.type, self.default)) is not type(self.default):
            raise FeatureError(f"{self.qualified}: the default {self.default!r} is not of type {self.type}")
        for problem in self._problems():
            raise FeatureError(f"{self.qualified}: {problem}")

    def _problems(self) -> Iterator[str]:
        if self.type not in ("int", "float"):
            if self.range is not None or self.buckets or self.scaling != "standard" or self.impute == "mean":
                yield "only numbers have a range, buckets, a scaling and a mean"
        elif self.range is not None and max(map(abs, self.range)) > MOST:
            yield f"a range beyond {MOST:g} says nothing"
        elif self.scaling == "range" and self.range is None:
            yield "scaled by its range, it needs one"
        if (self.scaling == "buckets") != bool(self.buckets) or list(self.buckets) != sorted(set(self.buckets)):
            yield "buckets need ascending edges, and edges buckets"
        if self.type != "string" and (self.free_text or self.vocabulary):
            yield "only strings are free text or have a vocabulary"
        if self.vocabulary and (self.free_text or self.default not in self.vocabulary):
            yield "a vocabulary has the default in it, and free text has none"

    @property
    def qualified(self) -> str:
        """``view.name``: how everybody outside Feast calls it."""
        return qualified(self.view, self.name)
