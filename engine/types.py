"""The nouns of a decision. Frozen, without behaviour, without I/O; everybody may import them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from features.vector import Freshness, Scalar

Group = Literal["champion", "random", "control"]
"""Traffic group: ``champion`` follows the policy, ``random`` is uniform, ``control`` is business as usual."""


Consent = bool | tuple[str, ...] | None
"""What the user agreed to: to everything or nothing, or to these purposes; ``None`` leaves it to the configuration."""


@dataclass(frozen=True, slots=True)
class OfferedAction:
    """An action the bot brings with its request, beside or instead of the catalogue's."""

    id: str
    features: Mapping[str, Scalar] = field(default_factory=dict)
    text: str | None = None


@dataclass(frozen=True, slots=True)
class DecisionRequest:
    """What a bot asks: one action for one placement, now.

    Attributes:
        decision_id: the caller's idempotency key; the engine makes one where it is ``None``.
        actions: if not ``None``, choose among these only; an id of the catalogue stands for the catalogue's action.
        explore: ``False`` asks for the most probable action; such answers are logged with p = 1 and never learned.
        consent: whether the user agreed to personalisation, or to which purposes.
        deferred: learn only if the content is later reported as shown.
    """

    placement: str
    session_id: str
    user_id: str | None = None
    context: Mapping[str, Scalar] = field(default_factory=dict)
    actions: tuple[OfferedAction, ...] | None = None
    exclude: tuple[str, ...] = ()
    decision_id: str | None = None
    explore: bool = True
    consent: Consent = None
    deferred: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """One eligible action as the policy sees it: numbers only.

    Attributes:
        key: identifies the content of ``features``; equal keys have equal features (used for caching).
        features: encoded feature name → finite, non-zero value with magnitude ≤ 1,000.
    """

    id: str
    key: str
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class TrainingExample:
    """One settled decision as a policy learns it.

    Attributes:
        shared: encoded context, as it was at decision time.
        candidates: the eligible actions in the order of the logged pmf.
        chosen: index into ``candidates``.
        propensity: the logged probability of the chosen action, in (0, 1].
        reward: scaled to [0, 1] by the placement's declared range.
    """

    shared: Mapping[str, float]
    candidates: tuple[Candidate, ...]
    chosen: int
    propensity: float
    reward: float


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a request, as it was journaled.

    ``action_id`` and ``propensity`` are ``None`` if no action was eligible. ``content`` is what the bot may say.
    ``recorded`` is False if the journal could not take the decision, or its person was erased meanwhile. ``remembered``
    is False if the session's state could not be written in time: its next turn may not know of this one.
    """

    id: str
    placement: str
    action_id: str | None
    content: Mapping[str, str]
    propensity: float | None
    ranking: tuple[tuple[str, float], ...]
    policy: str
    model_version: str
    group: Group
    reason: str
    degraded: tuple[str, ...]
    expires_at_us: int
    freshness: Mapping[str, Freshness]
    recorded: bool = True
    remembered: bool = True
