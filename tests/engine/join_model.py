"""The rules of joining, written down a second time: slowly, one decision at a time, looking at the whole journal."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.config import PlacementSpec, microseconds
from engine.journal.base import Stored
from engine.records.schema import DecisionRecord, OutcomeRecord, SettlementRecord, ShownRecord

AGGREGATE: dict[str, Callable[[list[float]], float]] = {
    "earliest": lambda values: values[0],
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
    "median": statistics.median,
    "min": lambda values: sorted(values)[0],
    "max": lambda values: sorted(values)[-1],
}


@dataclass(frozen=True)
class Rules:
    """What the journal is read with: catalogue version → specification, and the bounds on waiting."""

    specs: Mapping[str, PlacementSpec]
    early_wait_us: int
    most_early: int

    def settlements(self, journal: Sequence[Stored]) -> list[SettlementRecord]:
        """Every settlement that is due at the end of this journal, in order."""
        now_us = max(entry.time_us for entry in journal)
        due = [each for at in _decisions(journal) for each in self._of(journal, at)]
        return [record for moment, record in sorted(due, key=lambda each: each[0]) if moment[:2] < (now_us, 1)]

    def late(self, journal: Sequence[Stored]) -> int:
        """Outcomes that came after their decision's window."""
        return sum(
            isinstance(entry.record, OutcomeRecord) and entry.time_us > self._closes_us(at)
            for at in _decisions(journal)
            for entry in journal
            if entry.record.about == at.record.about and entry.position > at.position
        )

    def _of(self, journal: Sequence[Stored], at: Stored) -> list[tuple[tuple[int, int, int], SettlementRecord]]:
        spec = self._spec(at)
        reports = self._reports(journal, at)
        due = []
        for entry in [at, *(report for report in reports if report.position > at.position)]:
            so_far = [report for report in reports if report.position <= entry.position]
            if spec.reward.settle == "earliest" and not self._why(at, so_far) and self._settled(at, so_far).outcomes:
                due.append(((entry.time_us, 0, entry.position), self._settled(at, so_far, early=True)))
                break
        why = self._why(at, reports) or ("learned early" if due else "")
        return [*due, ((self._closes_us(at), 1, at.position), self._settled(at, reports, why))]

    def _reports(self, journal: Sequence[Stored], at: Stored) -> list[Stored]:
        """What is about this decision and came in time."""
        every = [entry for entry in journal if isinstance(entry.record, OutcomeRecord | ShownRecord)]
        return [each for each in every if each.record.about == at.record.about and self._in_time(each, at, every)]

    def _in_time(self, report: Stored, at: Stored, every: Sequence[Stored]) -> bool:
        if report.position > at.position:
            return report.time_us <= self._closes_us(at)
        in_between = [each for each in every if report.position < each.position < at.position]
        return at.time_us - report.time_us <= self.early_wait_us and len(in_between) < self.most_early

    def _spec(self, at: Stored) -> PlacementSpec:
        assert isinstance(at.record, DecisionRecord)
        return self.specs[at.record.catalogue]

    def _closes_us(self, at: Stored) -> int:
        reward = self._spec(at).reward
        return at.time_us + microseconds(reward.window) + microseconds(reward.grace)

    def _why(self, at: Stored, reports: Sequence[Stored]) -> str:
        assert isinstance(at.record, DecisionRecord)
        if at.record.group not in self._spec(at).policy.train_on:
            return "group"
        seen = not at.record.deferred or any(isinstance(each.record, ShownRecord) for each in reports)
        return "" if seen else "not shown"

    def _settled(
        self, at: Stored, reports: Sequence[Stored], why: str = "", *, early: bool = False
    ) -> SettlementRecord:
        assert isinstance(at.record, DecisionRecord)
        spec = self._spec(at).reward
        outcomes = in_their_places([each.record for each in reports if isinstance(each.record, OutcomeRecord)])
        worth = [spec.metrics[each.metric] * each.value for each in outcomes if each.metric in spec.metrics]
        costly = any(each.metric == spec.cost_on and each.value for each in outcomes)
        chosen = None if at.record.chosen is None else at.record.candidates[at.record.chosen]
        cost = next((action.cost for action in self._spec(at).actions if action.id == chosen), 0.0)
        return SettlementRecord(
            decision_id=at.record.id,
            decision_position=at.position,
            placement=at.record.placement,
            reward=(AGGREGATE[spec.aggregation](worth) if worth else spec.default) - (cost if costly else 0.0),
            outcomes=len(worth),
            learn=not why,
            why=why,
            early=early,
        )


def in_their_places(outcomes: Sequence[OutcomeRecord]) -> list[OutcomeRecord]:
    """Each outcome once, and in the place of a corrected one its latest correction."""
    first = {each.id: each for each in reversed(outcomes)}
    heard = [first[id] for id in dict.fromkeys(each.id for each in outcomes)]
    corrected: dict[str, str] = {}
    for each in heard:
        if each.corrects is not None and each.id not in _way(corrected, each.corrects):
            corrected[each.id] = each.corrects
    ids, roots = [each.id for each in heard], [_way(corrected, each.id)[-1] for each in heard]
    # A root that was heard has its own place; one that never came has that of whoever named it first.
    order = sorted(set(roots), key=lambda root: (ids if root in first else roots).index(root))
    return [_standing(root, heard, corrected, first) for root in order]


def _standing(
    id: str, heard: Sequence[OutcomeRecord], corrected: Mapping[str, str], first: Mapping[str, OutcomeRecord]
) -> OutcomeRecord:
    corrections = [each.id for each in heard if corrected.get(each.id) == id]
    return _standing(corrections[-1], heard, corrected, first) if corrections else first[id]


def _way(corrected: Mapping[str, str], id: str) -> list[str]:
    """From an outcome to what it corrects, to what that corrects, and so on."""
    return [id, *_way(corrected, corrected[id])] if id in corrected else [id]


def _decisions(journal: Sequence[Stored]) -> list[Stored]:
    return [entry for entry in journal if isinstance(entry.record, DecisionRecord)]
