"""A decision whose window is open: what has been reported about it so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.config import PlacementSpec, RewardSpec, microseconds
from engine.records.schema import DecisionRecord, OutcomeRecord, SettlementRecord
from engine.reward import contribution, reward


@dataclass(frozen=True, slots=True)
class Terms:
    """What a catalogue version says about settling its decisions. ``hold_us`` is window and grace together."""

    reward: RewardSpec
    hold_us: int
    costs: Mapping[str, float]
    train_on: frozenset[str]

    @classmethod
    def of(cls, spec: PlacementSpec) -> Terms:
        """The terms of a placement's specification."""
        return cls(
            reward=spec.reward,
            hold_us=microseconds(spec.reward.window) + microseconds(spec.reward.grace),
            costs={action.id: action.cost for action in spec.actions},
            train_on=frozenset(spec.policy.train_on),
        )


@dataclass(slots=True)
class OpenDecision:
    """Gathers outcomes until the window closes, then says what the decision earned.

    Attributes:
        since: the first position that says something about this decision: its own, or an early outcome's.
        closes_us: outcomes appended later do not count.
        why: why nothing may be learned from the decision, as far as its own record tells.
    """

    id: str
    placement: str
    position: int
    since: int
    closes_us: int
    terms: Terms
    cost: float
    why: str
    unseen: bool
    contributions: list[float] = field(default_factory=list)
    costly: bool = False
    _counted: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, record: DecisionRecord, position: int, time_us: int, terms: Terms) -> OpenDecision:
        """A decision just appended."""
        chosen = None if record.chosen is None else record.candidates[record.chosen]
        return cls(
            id=record.id,
            placement=record.placement,
            position=position,
            since=position,
            closes_us=time_us + terms.hold_us,
            terms=terms,
            cost=0.0 if chosen is None else terms.costs.get(chosen, 0.0),
            why=_why_not(record, terms),
            unseen=record.deferred,
        )

    def count(self, outcome: OutcomeRecord) -> None:
        """Take in an outcome, once. A metric of value 0 did not happen, so it costs nothing."""
        if outcome.id in self._counted:
            return
        self._counted.add(outcome.id)
        worth = contribution(self.terms.reward, outcome.metric, outcome.value)
        if worth is not None:
            self.contributions.append(worth)
        if outcome.metric == self.terms.reward.cost_on and abs(outcome.value) > 0.0:
            self.costly = True

    def settlement(self) -> SettlementRecord:
        """The decision's final reward, and whether it may be learned."""
        why = self.why or ("not shown" if self.unseen else "")
        return SettlementRecord(
            decision_id=self.id,
            decision_position=self.position,
            placement=self.placement,
            reward=reward(self.terms.reward, self.contributions, self.cost if self.costly else 0.0),
            outcomes=len(self.contributions),
            learn=not why,
            why=why,
        )


def _why_not(record: DecisionRecord, terms: Terms) -> str:
    if record.chosen is None:
        return "no action"
    if record.not_shown:
        return "not rendered"
    if not record.learnable:
        return "deterministic"
    return "" if record.group in terms.train_on else "group"
