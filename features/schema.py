"""Every feature of the shipped repository, declared once: its Feast views, and so the plan, are made from here."""

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


def view_named(name: str) -> ViewSpec:
    """The declared view of this name."""
    return next(view for view in VIEWS if view.name == name)


def features_of(view: str) -> tuple[FeatureSpec, ...]:
    """The features of one view, in the order of their declaration."""
    return tuple(feature for feature in FEATURES if feature.view == view)


VIEWS: tuple[ViewSpec, ...] = (
    ViewSpec("user_profile", "batch", "user_id", timedelta(days=365)),
    ViewSpec("user_activity", "push", "user_id", timedelta(days=90)),
    ViewSpec("session_state", "push", "session_id", timedelta(days=1)),
    ViewSpec("request", "request"),
    ViewSpec("local_time", "derived"),
    ViewSpec("return_visit", "derived"),
)

_PROFILE: tuple[FeatureSpec, ...] = (
    FeatureSpec("user_profile", "first_name", "string", "", "how to greet", sensitivity="personal", render_only=True),
    FeatureSpec("user_profile", "language", "string", "en", "preferred language, ISO 639-1"),
    FeatureSpec("user_profile", "region", "string", "unknown", "sales region", sensitivity="personal"),
    FeatureSpec("user_profile", "tier", "string", "new", "new, standard, silver or gold"),
    FeatureSpec("user_profile", "age_band", "string", "unknown", "age, in bands", sensitivity="sensitive"),
    FeatureSpec("user_profile", "tenure_days", "int", 0, "days since the first order", range=(0, 3_650)),
    FeatureSpec("user_profile", "tone", "string", "casual", "formal or casual address"),
    FeatureSpec("user_profile", "favourite_category", "string", "none", "most bought category"),
)

_ACTIVITY: tuple[FeatureSpec, ...] = (
    FeatureSpec("user_activity", "visits", "int", 0, "visits before this one", range=(0, 200)),
    FeatureSpec("user_activity", "purchases", "int", 0, "orders so far", range=(0, 100)),
    FeatureSpec(
        "user_activity", "last_visit_unix", "int", 0, "end of the last visit, Unix seconds; 0: none", learn=False
    ),
    FeatureSpec("user_activity", "last_category", "string", "none", "category of the last visit"),
    FeatureSpec(
        "user_activity", "churn_risk", "float", 0.5, "risk of not returning", range=(0, 1), sensitivity="sensitive"
    ),
    FeatureSpec(
        "user_activity", "lifetime_value", "float", 0.0, "revenue so far", range=(0, 5_000), sensitivity="sensitive"
    ),
)

_SESSION: tuple[FeatureSpec, ...] = (
    FeatureSpec("session_state", "turn", "int", 0, "turns answered before this one", range=(0, 30)),
    FeatureSpec("session_state", "started_unix", "int", 0, "first turn, Unix seconds; 0: not yet", learn=False),
    FeatureSpec("session_state", "last_placement", "string", "none", "placement last decided"),
    FeatureSpec("session_state", "last_action", "string", "none", "action last chosen"),
    FeatureSpec("session_state", "last_event", "string", "none", "event last tracked"),
    FeatureSpec("session_state", "page", "string", "none", "page the visitor is on"),
    FeatureSpec("session_state", "viewed_category", "string", "none", "category last looked at"),
    FeatureSpec("session_state", "seconds_on_page", "float", 0.0, "time on the page", range=(0, 600)),
    FeatureSpec("session_state", "cart_value", "float", 0.0, "worth of the cart", range=(0, 1_000)),
    FeatureSpec("session_state", "clicks", "int", 0, "recommendations clicked", range=(0, 30)),
    FeatureSpec("session_state", "accepted", "int", 0, "offers accepted", range=(0, 10)),
    FeatureSpec("session_state", "declined", "int", 0, "offers declined or dismissed", range=(0, 10)),
    FeatureSpec("session_state", "last_reward", "float", 0.0, "value of the last outcome", range=(-1, 1)),
)

_REQUEST: tuple[FeatureSpec, ...] = (
    FeatureSpec("request", "channel", "string", "web", "web, app, messenger …"),
    FeatureSpec("request", "device", "string", "unknown", "desktop, mobile …"),
    FeatureSpec("request", "locale", "string", "en", "locale of the conversation"),
    FeatureSpec("request", "utc_offset_minutes", "int", 0, "local time less UTC", range=(-840, 840), learn=False),
    FeatureSpec("request", "intent", "string", "none", "what the bot understood"),
    FeatureSpec("request", "intent_confidence", "float", 0.0, "how sure the bot is", range=(0, 1)),
    FeatureSpec("request", "sentiment", "float", 0.0, "mood of the last message", range=(-1, 1)),
    FeatureSpec("request", "message_length", "int", 0, "characters of the last message", range=(0, 500)),
)

_DERIVED: tuple[FeatureSpec, ...] = (
    FeatureSpec("local_time", "hour", "int", 0, "hour of the visitor's day", range=(0, 23)),
    FeatureSpec("local_time", "weekday", "int", 0, "Monday is 0", range=(0, 6)),
    FeatureSpec("local_time", "part_of_day", "string", "night", "night, morning, afternoon or evening"),
    FeatureSpec("local_time", "business_hours", "bool", False, "Monday to Friday, 9 to 17"),
    FeatureSpec("return_visit", "is_returning", "bool", False, "has been here before"),
    FeatureSpec("return_visit", "days_since_last_visit", "float", 0.0, "0 on the first visit", range=(0, 365)),
)

FEATURES: tuple[FeatureSpec, ...] = (*_PROFILE, *_ACTIVITY, *_SESSION, *_REQUEST, *_DERIVED)
