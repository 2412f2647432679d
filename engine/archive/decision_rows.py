"""Settled decisions as rows of a Parquet file, as analysts want them. Personal parts stay sealed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pyarrow as pa

from engine.archive.record_rows import parquet
from engine.errors import CorruptRecord
from engine.journal.base import Stored
from engine.records.schema import SCHEMA_VERSION, DecisionRecord, SettlementRecord

_TIME = pa.timestamp("us", tz="UTC")
_SCHEMA = pa.schema(
    [
        pa.field("decision_id", pa.string(), nullable=False),
        pa.field("time", _TIME, nullable=False),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("group", pa.string(), nullable=False),
        pa.field("candidates", pa.list_(pa.string()), nullable=False),
        pa.field("pmf", pa.list_(pa.float64()), nullable=False),
        pa.field("chosen", pa.int32()),
        pa.field("chosen_id", pa.string()),
        pa.field("propensity", pa.float64()),
        pa.field("policy", pa.string(), nullable=False),
        pa.field("model_version", pa.string(), nullable=False),
        pa.field("encoder_version", pa.string(), nullable=False),
        pa.field("catalogue", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("learnable", pa.bool_(), nullable=False),
        pa.field("deferred", pa.bool_(), nullable=False),
        pa.field("not_shown", pa.bool_(), nullable=False),
        pa.field("degraded", pa.list_(pa.string()), nullable=False),
        pa.field("reward", pa.float64(), nullable=False),
        pa.field("outcomes", pa.int32(), nullable=False),
        pa.field("learn", pa.bool_(), nullable=False),
        pa.field("why", pa.string(), nullable=False),
        pa.field("settled_time", _TIME, nullable=False),
        pa.field("settled_position", pa.int64(), nullable=False),
        pa.field("key_ref", pa.string(), nullable=False),
        pa.field("sealed", pa.binary(), nullable=False),
        pa.field("schema_version", pa.int32(), nullable=False),
    ],
    metadata={"maitred.schema_version": str(SCHEMA_VERSION)},
)


class Settled(NamedTuple):
    """A decision and its final settlement, with where and when each was appended."""

    decision: DecisionRecord
    decided_us: int
    settlement: SettlementRecord
    settled_us: int
    settled_position: int

    @classmethod
    def of(cls, decision: Stored, settlement: Stored) -> Settled:
        """From the two records."""
        assert isinstance(decision.record, DecisionRecord)
        assert isinstance(settlement.record, SettlementRecord)
        return cls(decision.record, decision.time_us, settlement.record, settlement.time_us, settlement.position)

    @property
    def folder(self) -> str:
        """Where the row belongs: the day (UTC) of the decision, and its placement."""
        day = datetime.fromtimestamp(self.decided_us // 1_000_000, UTC)
        return f"decisions/date={day:%Y-%m-%d}/placement={self.decision.placement}"


def settled_in(batch: Sequence[Stored], before: Callable[[int], Stored | None]) -> Iterator[Settled]:
    """The decisions that were settled for good in a batch of records, in order.

    Args:
        before: the record at a position that may lie before the batch.

    Raises:
        CorruptRecord: a settlement of a decision that is nowhere.
    """
    by_position = {stored.position: stored for stored in batch}
    for stored in batch:
        record = stored.record
        if isinstance(record, SettlementRecord) and not record.early:
            decision = by_position.get(record.decision_position) or before(record.decision_position)
            if decision is None or not isinstance(decision.record, DecisionRecord):
                raise CorruptRecord(f"position {stored.position}: no decision at {record.decision_position}")
            yield Settled.of(decision, stored)


def write_decisions(rows: Sequence[Settled]) -> bytes:
    """A Parquet file with one row a settled decision. The placement is in the file's folder, not in its columns."""
    return parquet(pa.Table.from_pylist([_row(row) for row in rows], schema=_SCHEMA))


def _row(settled: Settled) -> dict[str, Any]:
    decision, settlement, chosen = settled.decision, settled.settlement, settled.decision.chosen
    return {
        "decision_id": decision.id,
        "time": settled.decided_us,
        "unit": decision.unit,
        "group": decision.group,
        "candidates": decision.candidates,
        "pmf": decision.pmf,
        "chosen": chosen,
        "chosen_id": None if chosen is None else decision.candidates[chosen],
        "propensity": None if chosen is None else decision.pmf[chosen],
        "policy": decision.policy,
        "model_version": decision.model_version,
        "encoder_version": decision.encoder_version,
        "catalogue": decision.catalogue,
        "reason": decision.reason,
        "learnable": decision.learnable,
        "deferred": decision.deferred,
        "not_shown": decision.not_shown,
        "degraded": decision.degraded,
        "reward": settlement.reward,
        "outcomes": settlement.outcomes,
        "learn": settlement.learn,
        "why": settlement.why,
        "settled_time": settled.settled_us,
        "settled_position": settled.settled_position,
        "key_ref": decision.key_ref,
        "sealed": decision.sealed,
        "schema_version": SCHEMA_VERSION,
    }
