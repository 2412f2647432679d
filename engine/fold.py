"""The journal folded into models: the same records give the same bytes, wherever and whenever they are folded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from engine.config import PlacementSpec
from engine.encode import ALGORITHM, Encoder, EncoderSpec
from engine.errors import SealError, UnsafeExample
from engine.example import ExampleMaker
from engine.join import Joiner
from engine.journal.base import Stored
from engine.policies import registry
from engine.policies.base import Policy
from engine.records.schema import ControlRecord, DecisionRecord, SettlementRecord
from engine.records.sealing import Sealer
from engine.refusal import Note, Refusal, unnoted


class Origin(msgspec.Struct, frozen=True):
    """What a lineage starts from: the payload of its ``origin`` record."""

    policy: str
    params: dict[str, Any]
    encoder_version: str


@dataclass(slots=True)
class Lineage:
    """The learned state of one placement since one origin.

    ``settled_position`` is the journal position of the last settlement in ``policy``; ``learned`` counts them and
    ``refused`` those that could not be learned safely.
    """

    id: str
    origin: Origin
    policy: Policy
    settled_position: int = 0
    learned: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Resumed:
    """A snapshot to go on from instead of an empty policy."""

    lineage: str
    policy: Policy
    settled_position: int


DecisionAt = Callable[[str], Stored | None]


@dataclass(slots=True)
class Fold:
    """State after some prefix of the journal.

    Attributes:
        find_decision: decision id → its stored record.
        resume: placement → snapshot; settlements up to its position are in it already and are not learned again.
        catalogues: placement → the newest journaled specification, with its position.
        encoder: version of the newest journaled encoder; empty before the first.
        lineages: placement → what has been learned.
        note: is told of settlements that could not be learned.
    """

    sealer: Sealer
    find_decision: DecisionAt
    resume: Mapping[str, Resumed] = field(default_factory=dict)
    joiner: Joiner = field(default_factory=Joiner)
    catalogues: dict[str, tuple[int, PlacementSpec]] = field(default_factory=dict)
    encoder: str = ""
    lineages: dict[str, Lineage] = field(default_factory=dict)
    position: int = 0
    time_us: int = 0
    note: Note = unnoted
    _examples: ExampleMaker = field(init=False)

    def __post_init__(self) -> None:
        self._examples = ExampleMaker(self.sealer)

    def can_encode(self, version: str) -> bool:
        """Whether the encoder of this version was journaled, and this software can do what it did."""
        return self._examples.can_encode(version)

    def apply(self, stored: Stored) -> None:
        """Take in the next record of the journal."""
        self.joiner.observe(stored)
        record = stored.record
        if isinstance(record, ControlRecord):
            self._control(stored.position, record)
        elif isinstance(record, SettlementRecord):
            self._settle(stored.position, record)
        self.position, self.time_us = stored.position, stored.time_us

    def _control(self, position: int, record: ControlRecord) -> None:
        if record.action == "catalogue":
            spec = msgspec.convert(record.payload, PlacementSpec)
            self.catalogues[record.placement] = (position, spec)
            self._examples.know(record.version, spec)
        elif record.action == "encoder":
            self._encoder(record)
        elif record.action == "origin":
            self.lineages[record.placement] = self._start(record)

    def _encoder(self, record: ControlRecord) -> None:
        self.encoder = record.version
        if record.payload.get("algorithm") == ALGORITHM:
            self._examples.know_encoder(Encoder(msgspec.convert(record.payload, EncoderSpec)))

    def _start(self, record: ControlRecord) -> Lineage:
        origin = msgspec.convert(record.payload, Origin)
        resumed = self.resume.get(record.placement)
        if resumed is not None and resumed.lineage == record.version:
            return Lineage(record.version, origin, resumed.policy, resumed.settled_position)
        return Lineage(record.version, origin, registry.build(origin.policy, origin.params))

    def _settle(self, position: int, record: SettlementRecord) -> None:
        lineage = self.lineages.get(record.placement)
        if lineage is None or position <= lineage.settled_position or not record.learn:
            return
        stored = self.find_decision(record.decision_id)
        if stored is None or not isinstance(stored.record, DecisionRecord):
            return
        encoder = stored.record.encoder_version
        if encoder != lineage.origin.encoder_version or not self.can_encode(encoder):
            return
        try:
            lineage.policy.learn(self._examples.make(stored.record, record.reward))
        except (SealError, UnsafeExample) as error:
            lineage.refused += 1
            reason = "forgotten" if isinstance(error, SealError) else "unsafe-example"
            self.note(Refusal("learning", record.placement, reason, record.decision_id, position))
            return
        lineage.learned += 1
        lineage.settled_position = position
