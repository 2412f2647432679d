"""From candidates to a pmf: traffic group, policy, floor and what happens when the policy fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from engine.encode.base import Encoder
from engine.pmf import with_floor
from engine.policies.base import Policy
from engine.policies.baseline import BaselinePolicy
from engine.policies.uniform import UniformPolicy
from engine.types import Candidate, Group

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """The policy that answers now, and which learned state it has: all settlements up to ``settled_position``.

    ``encoder`` is calibrated as the policy learned. ``refused`` is True while a newer published state cannot be loaded.
    """

    policy: Policy
    version: str
    encoder: Encoder
    settled_position: int = 0
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why a policy is not asked, and the part that the answer is made without."""

    reason: str
    part: str


OUT_OF_REACH = Hindrance("journal out of reach", "journal")
"""Elsewhere the same decision may be asked for again, unseen: only a deterministic answer is the same there."""

TOO_LATE = Hindrance("deadline", "deadline")


@dataclass(frozen=True, slots=True)
class Choice:
    """The final pmf and how it came about; sampling follows, and nothing else.

    ``learnable`` is False where the answer was certain beforehand: nothing can be learned from p = 1.
    """

    pmf: tuple[float, ...]
    policy: str
    model_version: str
    reason: str
    learnable: bool = True
    degraded: tuple[str, ...] = ()


NOTHING_ELIGIBLE = Choice((), "none", "none", "no eligible action", learnable=False)


def choose(
    group: Group,
    served: Served,
    shared: Mapping[str, float],
    candidates: Sequence[Candidate],
    *,
    baseline: str,
    epsilon: float,
    explore: bool = True,
    hindered: Hindrance | None = None,
) -> Choice:
    """The pmf over ``candidates`` for a unit of this traffic group.

    Without exploration it is the most probable action for certain: the policy's, also in the ``random`` group. Where
    something hinders the policy it is business as usual, in every group.
    """
    if hindered is not None:
        return _hindered(hindered, shared, candidates, baseline)
    if not candidates:
        return NOTHING_ELIGIBLE
    if not explore:
        asked: Group = "champion" if group == "random" else group
        return _forced(choose(asked, served, shared, candidates, baseline=baseline, epsilon=epsilon))
    if group == "control":
        return _business_as_usual(shared, candidates, baseline, reason="control")
    if group == "random":
        return Choice(tuple(UniformPolicy().pmf(shared, candidates)), UniformPolicy.name, "none", "random")
    try:
        pmf = with_floor(served.policy.pmf(shared, candidates), epsilon)
    except Exception:
        log.exception("policy_failed", policy=served.policy.name, version=served.version)
        fallback = _business_as_usual(shared, candidates, baseline, reason="policy failed")
        return replace(fallback, degraded=("policy",))
    degraded = ("model",) if served.refused else ()
    return Choice(tuple(pmf), served.policy.name, served.version, "policy", degraded=degraded)


def _hindered(
    hindrance: Hindrance, shared: Mapping[str, float], candidates: Sequence[Candidate], baseline: str
) -> Choice:
    if not candidates:
        return replace(NOTHING_ELIGIBLE, degraded=(hindrance.part,))
    usual = _business_as_usual(shared, candidates, baseline, reason=hindrance.reason)
    return replace(usual, degraded=(hindrance.part,))


def _forced(choice: Choice) -> Choice:
    best = max(range(len(choice.pmf)), key=choice.pmf.__getitem__)
    pmf = tuple(float(i == best) for i in range(len(choice.pmf)))
    return replace(choice, pmf=pmf, learnable=False, reason="exploration off")


def _business_as_usual(
    shared: Mapping[str, float], candidates: Sequence[Candidate], baseline: str, *, reason: str
) -> Choice:
    pmf = tuple(BaselinePolicy(action=baseline).pmf(shared, candidates))
    return Choice(pmf, BaselinePolicy.name, "none", reason, learnable=False)
