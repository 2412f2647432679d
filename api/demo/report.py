"""What a run says: means, lift by user and shares of the best possible, from exposures alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from api.demo.tally import Exposure
from engine.errors import NotEvaluable
from engine.stats.lift import Lift, lift
from engine.stats.sums import Moments

TREATED, REFERENCE = "champion", "random"


class GroupReport(msgspec.Struct, frozen=True, kw_only=True):
    """One traffic group. ``share_of_best`` is expected reward of what was shown by that of the best candidates."""

    users: int
    decisions: int
    mean_reward: float
    share_of_best: float | None


class LiftReport(msgspec.Struct, frozen=True, kw_only=True):
    """Champion over random; ``line`` says it, or why it cannot be said (then there are no numbers)."""

    line: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    relative: float | None = None


class PlacementReport(msgspec.Struct, frozen=True, kw_only=True):
    """One placement, or all together. ``late`` is the champion over the last quarter of the run."""

    champion: GroupReport
    random: GroupReport
    late: GroupReport
    best_possible: float | None
    lift: LiftReport


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole run."""

    placements: dict[str, PlacementReport]
    overall: PlacementReport


def report(exposures: Sequence[Exposure]) -> Report:
    """The report of a run; ``exposures`` in the order in which they happened.

    A user enters at the first exposure, with the group it had there, and counts once: by the mean reward per decision.
    """
    entered = _as_entered(exposures)
    names = dict.fromkeys(exposure.placement for exposure in entered)
    late_from = len(entered) * 3 // 4
    parts = {
        name: _part(*([e for e in some if e.placement == name] for some in (entered, entered[late_from:])))
        for name in names
    }
    return Report(placements=parts, overall=_part(entered, entered[late_from:]))


def by_user(exposures: Iterable[Exposure]) -> Moments:
    """Moments, over users, of each user's mean reward per decision."""
    users: dict[str, Moments] = defaultdict(Moments)
    for exposure in exposures:
        users[exposure.user_id] = users[exposure.user_id].add(exposure.reward)
    return Moments.from_array([moments.mean for moments in users.values()])


def _as_entered(exposures: Sequence[Exposure]) -> list[Exposure]:
    """Only what users saw in the group in which they entered: one who changed groups must not count in both."""
    entered: dict[str, str] = {}
    return [e for e in exposures if entered.setdefault(e.user_id, e.group) == e.group]


def _part(exposures: Sequence[Exposure], late: Sequence[Exposure]) -> PlacementReport:
    treated, reference = _of(TREATED, exposures), _of(REFERENCE, exposures)
    return PlacementReport(
        champion=_group(treated),
        random=_group(reference),
        late=_group(_of(TREATED, late)),
        best_possible=_mean([e.best for e in exposures if e.best is not None]),
        lift=_lift(by_user(treated), by_user(reference)),
    )


def _of(group: str, exposures: Iterable[Exposure]) -> list[Exposure]:
    return [exposure for exposure in exposures if exposure.group == group]


def _group(exposures: Sequence[Exposure]) -> GroupReport:
    return GroupReport(
        users=len({exposure.user_id for exposure in exposures}),
        decisions=len(exposures),
        mean_reward=_mean([exposure.reward for exposure in exposures]) or 0.0,
        share_of_best=_share(exposures),
    )


def _share(exposures: Iterable[Exposure]) -> float | None:
    known = [(e.expected, e.best) for e in exposures if e.expected is not None and e.best is not None]
    possible = sum(best for _, best in known)
    return sum(expected for expected, _ in known) / possible if possible > 0.0 else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _lift(treated: Moments, reference: Moments) -> LiftReport:
    try:
        result: Lift = lift(treated, reference)
    except NotEvaluable as refusal:
        return LiftReport(line=f"lift not evaluable: {refusal}")
    return LiftReport(
        line=str(result),
        difference=result.difference,
        low=result.low,
        high=result.high,
        relative=result.relative,
    )
