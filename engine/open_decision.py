"""A decision whose window is open: what has been reported about it so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from engine.config import PlacementSpec, RewardSpec, microseconds
from engine.corrections import Heard, standing
from engine.journal.base import Stored
from engine.records.schema import AnyRecord, DecisionRecord, OutcomeRecord, SettlementRecord, ShownRecord
from engine.reward import contribution, reward

EARLY, CLOSE = 0, 1

Moment = tuple[int, int, int] | tuple[int, int]
"""When a settlement is due: µs of journal time, ``EARLY`` or ``CLOSE``, and the position that decides among equals.

What closes in a microsecond is due after it, so that whatever is appended in it still counts; what is early is due
in it.
"""

LEARNED_EARLY = "learned early"


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


class EarlyReward(msgspec.Struct, frozen=True, array_like=True):
    """What a decision had earned when it was first worth learning from, and which record made it so."""

    at_us: int
    position: int
    reward: float
    outcomes: int


class OpenDecision(msgspec.Struct, array_like=True):
    """Gathers outcomes until the window closes, then says what the decision earned.

    Attributes:
        since: the first position that says something about this decision: its own, or an early outcome's.
        closes_us: outcomes appended later do not count.
        why: why nothing may be learned from the decision, as far as its own record tells.
        unseen: its content was not displayed yet, as far as is known.
        heard: outcome id → what it said, in journal order.
        early: ``None`` until there is something to learn before the window closes.
        early_due: whether that is still to be settled.
    """

    id: str
    placement: str
    catalogue: str
    position: int
    since: int
    closes_us: int
    cost: float
    why: str
    unseen: bool
    heard: dict[str, Heard] = {}
    early: EarlyReward | None = None
    early_due: bool = False

    @classmethod
    def of(cls, record: DecisionRecord, stored: Stored, terms: Terms) -> OpenDecision:
        """A decision just appended."""
        chosen = None if record.chosen is None else record.candidates[record.chosen]
        return cls(
            id=record.id,
            placement=record.placement,
            catalogue=record.catalogue,
            position=stored.position,
            since=stored.position,
            closes_us=stored.time_us + terms.hold_us,
            cost=0.0 if chosen is None else terms.costs.get(chosen, 0.0),
            why=_why_not(record, terms),
            unseen=record.deferred,
        )

    @property
    def next(self) -> Moment:
        """When something about it is due next."""
        if self.early_due and self.early is not None:
            return (self.early.at_us, EARLY, self.early.position)
        return (self.closes_us, CLOSE, self.position)

    def hear(self, report: AnyRecord, terms: Terms) -> None:
        """Take in a display, or an outcome: once. A metric of value 0 did not happen, so it costs nothing."""
        if isinstance(report, ShownRecord):
            self.unseen = False
        elif isinstance(report, OutcomeRecord) and report.id not in self.heard:
            self.heard[report.id] = Heard(
                worth=contribution(terms.reward, report.metric, report.value),
                costly=report.metric == terms.reward.cost_on and abs(report.value) > 0.0,
                corrects=report.corrects,
            )

    def ripen(self, stored: Stored, terms: Terms) -> bool:
        """Whether this record made an early settlement due: the first moment at which an outcome counts and teaches."""
        if terms.reward.settle != "earliest" or self.early is not None or self.why or self.unseen:
            return False
        earned, outcomes = self._earned(terms)
        if outcomes:
            self.early = EarlyReward(stored.time_us, stored.position, earned, outcomes)
            self.early_due = True
        return self.early_due

    def settlement(self, terms: Terms) -> SettlementRecord:
        """What is due at ``next``: the early reward, or the final one. Says whether it may be learned."""
        if self.early_due and self.early is not None:
            return self._settled(self.early.reward, self.early.outcomes, "", early=True)
        why = self.why or ("not shown" if self.unseen else "") or (LEARNED_EARLY if self.early is not None else "")
        return self._settled(*self._earned(terms), why, early=False)

    def _earned(self, terms: Terms) -> tuple[float, int]:
        """The reward as of now, and how many outcomes counted."""
        stand = standing(self.heard)
        contributions = [each.worth for each in stand if each.worth is not None]
        cost = self.cost if self.cost and any(each.costly for each in stand) else 0.0
        return reward(terms.reward, contributions, cost), len(contributions)

    def _settled(self, earned: float, outcomes: int, why: str, *, early: bool) -> SettlementRecord:
        return SettlementRecord(
            decision_id=self.id,
            decision_position=self.position,
            placement=self.placement,
            reward=earned,
            outcomes=outcomes,
            learn=not why,
            why=why,
            early=early,
        )


def _why_not(record: DecisionRecord, terms: Terms) -> str:
    if record.chosen is None:
        return "no action"
    if record.not_shown:
        return "not rendered"
    if not record.learnable:
        return "deterministic"
    return "" if record.group in terms.train_on else "group"
