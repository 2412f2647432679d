"""What the journal has in the end, read back record by record, shard by shard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.journal.base import Journal, Stored
from engine.records.schema import ControlRecord, DecisionRecord, OutcomeRecord, SettlementRecord, ShownRecord
from tests.chaos.ledger import OutcomeKey

BATCH = 1_000


class Chosen(NamedTuple):
    """What a journaled decision says that its answer said, too."""

    shard: int
    time_us: int
    placement: str
    action: str | None
    propensity: float | None
    policy: str
    model_version: str
    group: str


class Reported(NamedTuple):
    """A journaled outcome."""

    shard: int
    position: int
    time_us: int
    metric: str
    value: float
    corrects: str | None


class Learned(NamedTuple):
    """How far a placement's published model, or its settlements, have come."""

    shard: int
    position: int


@dataclass(slots=True)
class Journaled:
    """Everything by id, however often it is there; ``read_on`` adds what was appended since.

    Attributes:
        settled: decision id → its final settlements (one, if all is well); ``settled_early`` likewise.
        to_learn: placement → how many settlements policies were to learn.
        last_learned: placement → where its newest settlement is that was to be learned.
        published: placement → which settlement its newest published model ends with.
        disorder: positions with gaps, times that run backwards.
    """

    shards: Sequence[Journal]
    decisions: dict[str, list[Chosen]] = field(default_factory=dict)
    outcomes: dict[OutcomeKey, list[Reported]] = field(default_factory=dict)
    shown: dict[str, list[int]] = field(default_factory=dict)
    settled: dict[str, list[SettlementRecord]] = field(default_factory=dict)
    settled_early: dict[str, list[SettlementRecord]] = field(default_factory=dict)
    to_learn: Counter[str] = field(default_factory=Counter)
    last_learned: dict[str, Learned] = field(default_factory=dict)
    published: dict[str, Learned] = field(default_factory=dict)
    disorder: list[str] = field(default_factory=list)
    records: int = 0
    _ends: dict[int, tuple[int, int]] = field(default_factory=dict)

    def read_on(self) -> None:
        """Take in what was appended since the last time."""
        for shard, journal in enumerate(self.shards):
            while batch := journal.read(self._ends.get(shard, (0, 0))[0], BATCH):
                for stored in batch:
                    self._take(shard, stored)

    @property
    def learned(self) -> int:
        """Settlements that policies were to learn."""
        return sum(self.to_learn.values())

    @property
    def is_settled(self) -> bool:
        """Every decision has its reward, and every published model has all of them."""
        return len(self.settled) == len(self.decisions) and self.published == self.last_learned

    def _take(self, shard: int, stored: Stored) -> None:
        self._check_order(shard, stored)
        self.records += 1
        record = stored.record
        if isinstance(record, DecisionRecord):
            self.decisions.setdefault(record.id, []).append(_chosen(shard, stored.time_us, record))
        elif isinstance(record, OutcomeRecord):
            reported = Reported(shard, stored.position, stored.time_us, record.metric, record.value, record.corrects)
            self.outcomes.setdefault(OutcomeKey(record.decision_id, record.id), []).append(reported)
        elif isinstance(record, ShownRecord):
            self.shown.setdefault(record.decision_id, []).append(shard)
        elif isinstance(record, SettlementRecord):
            self._settle(shard, stored.position, record)
        elif isinstance(record, ControlRecord) and record.action == "publish":
            self.published[record.placement] = Learned(shard, record.payload["settled_position"])

    def _settle(self, shard: int, position: int, record: SettlementRecord) -> None:
        (self.settled_early if record.early else self.settled).setdefault(record.decision_id, []).append(record)
        if record.learn:
            self.to_learn[record.placement] += 1
            self.last_learned[record.placement] = Learned(shard, position)

    def _check_order(self, shard: int, stored: Stored) -> None:
        position, time_us = self._ends.get(shard, (0, 0))
        if stored.position != position + 1:
            self.disorder.append(f"shard {shard}: position {stored.position} follows {position}")
        if stored.time_us < time_us:
            self.disorder.append(f"shard {shard}: time runs backwards at position {stored.position}")
        self._ends[shard] = (stored.position, stored.time_us)


def _chosen(shard: int, time_us: int, record: DecisionRecord) -> Chosen:
    return Chosen(
        shard=shard,
        time_us=time_us,
        placement=record.placement,
        action=None if record.chosen is None else record.candidates[record.chosen],
        propensity=None if record.chosen is None else record.pmf[record.chosen],
        policy=record.policy,
        model_version=record.model_version,
        group=record.group,
    )
