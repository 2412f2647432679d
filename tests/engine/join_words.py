"""What the joiner's tests speak of: a placement, its decision and what may be reported about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from engine.config import ActionSpec, PlacementSpec, PolicySpec, RewardSpec
from engine.join import Joiner
from engine.journal.base import Stored
from engine.records.schema import AnyRecord, ControlRecord, DecisionRecord, OutcomeRecord, ShownRecord, TickRecord

S = 1_000_000
CLOSE = 12 * S  # window 10 s + grace 2 s

At = tuple[int, AnyRecord]


def placement(**reward: Any) -> PlacementSpec:
    settings: dict[str, Any] = {"metrics": {"click": 1.0, "buy": 5.0, "dismiss": -2.0}, "window": "10s", "grace": "2s"}
    return PlacementSpec(
        reward=RewardSpec(**{**settings, **reward}),
        baseline="plain",
        fallback={"en": "Hello"},
        actions=(
            ActionSpec(id="plain", templates={"en": "Hi"}),
            ActionSpec(id="gift", templates={"en": "!"}, cost=0.5),
        ),
        policy=PolicySpec(train_on=("champion",)),
    )


def catalogue(spec: PlacementSpec) -> ControlRecord:
    payload = msgspec.to_builtins(spec)
    return ControlRecord(action="catalogue", placement="offer", version=spec.version, payload=payload)


def decision(spec: PlacementSpec, id: str = "d", **changes: Any) -> DecisionRecord:
    record = DecisionRecord(
        id=id,
        placement="offer",
        catalogue=spec.version,
        unit="u",
        group="champion",
        candidates=("plain", "gift"),
        pmf=(0.5, 0.5),
        chosen=1,
        policy="vw",
        model_version="1",
        encoder_version="1",
        reason="policy",
        learnable=True,
        request_digest=b"",
        key_ref="k",
        sealed=b"",
    )
    return msgspec.structs.replace(record, **changes)


def outcome(
    metric: str, value: float = 1.0, id: str | None = None, about: str = "d", corrects: str | None = None
) -> OutcomeRecord:
    """Two outcomes of the same metric and value are one and the same, unless they have ids of their own."""
    id = id or f"{metric}/{value}"
    return OutcomeRecord(id=id, decision_id=about, metric=metric, value=value, corrects=corrects)


def shown(about: str = "d") -> ShownRecord:
    return ShownRecord(decision_id=about)


TICK = TickRecord()


def stored(timeline: Iterable[At]) -> list[Stored]:
    return [Stored(position, time_us, record) for position, (time_us, record) in enumerate(timeline, start=1)]


def joined(spec: PlacementSpec, timeline: Sequence[At], **settings: Any) -> Joiner:
    """A joiner that has read the placement's catalogue, then the timeline."""
    joiner = Joiner(**settings)
    for entry in stored([(0, catalogue(spec)), *timeline]):
        joiner.observe(entry)
    return joiner
