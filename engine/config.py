"""The bot's configuration: one YAML, decoded into frozen nouns. ``engine.config_file`` reads and checks it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec

from features.vector import Scalar

CONFIG_VERSION = 1

Identifier = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")]
Duration = Annotated[str, msgspec.Meta(pattern=r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)\Z")]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]
Aggregation = Literal["earliest", "sum", "mean", "median", "min", "max"]

_UNIT_US = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}


@lru_cache(maxsize=256)
def microseconds(duration: str) -> int:
    """``"90s"`` → 90_000_000. The unit is one of ms, s, m, h, d."""
    unit = "ms" if duration.endswith("ms") else duration[-1]
    return round(float(duration.removesuffix(unit)) * _UNIT_US[unit])


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every part of the YAML: unknown keys are errors."""


class RewardSpec(Spec, frozen=True, kw_only=True):
    """What the joiner makes of a decision's outcomes.

    Attributes:
        metrics: metric → weight; an outcome counts as weight × value, other metrics are recorded only.
        aggregation: of the counted outcomes, in journal order.
        window, grace: an outcome counts if appended ≤ decision + window + grace.
        default: the reward if no outcome counted.
        range: the least and greatest reward there can be; scales to [0, 1] for learning.
        cost_on: the metric whose occurrence costs the action's ``cost``.
        settle: learn when the window closes, or from the ``earliest`` outcome that counts. Evaluation and lift always
            wait for the window.
    """

    metrics: Annotated[dict[Identifier, float], msgspec.Meta(min_length=1)]
    window: Duration
    aggregation: Aggregation = "max"
    grace: Duration = "2s"
    default: float = 0.0
    range: tuple[float, float] = (0.0, 1.0)
    cost_on: Identifier | None = None
    settle: Literal["window", "earliest"] = "window"


class PolicySpec(Spec, frozen=True, kw_only=True):
    """A policy's registered name, its constructor's parameters, and the traffic groups it learns from."""

    name: Identifier = "vw"
    params: dict[str, Any] = {}
    train_on: tuple[Literal["champion", "random"], ...] = ("champion", "random")


class TrafficSpec(Spec, frozen=True, kw_only=True):
    """Shares of units per traffic group; they sum to 1."""

    champion: Share = 0.9
    random: Share = 0.1
    control: Share = 0.0


class ActionSpec(Spec, frozen=True, kw_only=True):
    """One piece of content.

    Attributes:
        templates: locale → Liquid template.
        features: what the policy may know about the action.
        eligible: a CEL condition over ``user``, ``session``, ``request`` and ``consent``.
        cost: what the action costs when ``reward.cost_on`` happens, in reward units.
        paused: never offered while true.
    """

    id: Identifier
    templates: Annotated[dict[str, Text], msgspec.Meta(min_length=1)]
    features: dict[Identifier, Scalar] = {}
    eligible: str | None = None
    cost: float = 0.0
    paused: bool = False


class PlacementSpec(Spec, frozen=True, kw_only=True):
    """Where content goes: its actions, policy, traffic, reward and what is said when all else fails.

    Attributes:
        baseline: the action of business as usual: the ``control`` group's, and the answer when the policy fails.
        fallback: locale → text for when nothing can be rendered.
        epsilon: every eligible action has at least ``epsilon / K``.
        feature_service: the Feast feature service to read; the placement's own name by default.
        crosses: pairs of namespaces (views, where nothing else is declared) whose features policies see together, too.
        deadline_ms: time for features, policy and journal together; what is missing by then is done without, and the
            answer says so.
    """

    reward: RewardSpec
    baseline: Identifier
    fallback: Annotated[dict[str, Text], msgspec.Meta(min_length=1)]
    actions: Annotated[tuple[ActionSpec, ...], msgspec.Meta(min_length=1, max_length=200)]
    policy: PolicySpec = PolicySpec()
    traffic: TrafficSpec = TrafficSpec()
    epsilon: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.02
    feature_service: Identifier | None = None
    crosses: Annotated[tuple[tuple[Identifier, Identifier], ...], msgspec.Meta(max_length=8)] = ()
    deadline_ms: Annotated[int, msgspec.Meta(ge=5, le=60_000)] = 1_000

    @property
    def version(self) -> str:
        """Content hash: what records name instead of the content."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()[:16]


class PrivacySpec(Spec, frozen=True, kw_only=True):
    """``consent: required`` personalises only where the request says so; ``assumed`` unless it says no."""

    consent: Literal["required", "assumed"] = "required"


class Config(Spec, frozen=True, kw_only=True):
    """The whole YAML."""

    schema_version: Literal[1]
    bot: Identifier
    placements: Annotated[dict[Identifier, PlacementSpec], msgspec.Meta(min_length=1, max_length=64)]
    default_locale: str = "en"
    privacy: PrivacySpec = PrivacySpec()
