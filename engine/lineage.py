"""The learned state of one placement, from where it started: from nothing, or from a state that was there before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from engine.encode.base import Calibration
from engine.encode.moments import FeatureMoments, Sums
from engine.manifest import Manifest
from engine.policies.base import Policy
from engine.records.schema import ControlRecord

STARTS = frozenset({"origin", "rollback", "reset", "import"})
"""Actions of the control records with which a lineage starts."""
ORDERED = frozenset({"rollback", "reset", "import"})
"""Those that a person ordered. Their snapshot is there before they are."""


class Origin(msgspec.Struct, frozen=True):
    """What every lineage starts with: the payload of its ``origin`` record, and part of the others'."""

    policy: str
    params: dict[str, Any]
    encoder_version: str


class Start(Origin, frozen=True, kw_only=True, rename={"source": "from"}):
    """What a person ordered: the payload of a ``rollback``, ``reset`` or ``import`` record.

    Attributes:
        settled_position: of the last settlement in the state; 0 for nothing, or what an import does not tell.
        sha256, size: of the snapshot with which the lineage starts.
        source: version rolled back to; empty for others.
        who, why: the person, in their own words.
        before, after: version that served, and that of the lineage's first snapshot, which serves now.
    """

    settled_position: int
    sha256: str
    size: int
    source: str = ""
    who: str
    why: str
    before: str
    after: str

    @classmethod
    def of(cls, record: ControlRecord) -> Start:
        """The payload. Raises ``msgspec.ValidationError`` if it is something else."""
        return msgspec.convert(record.payload, cls)


class Publication(NamedTuple):
    """The newest snapshot of a lineage that the journal made current, and the position of the record that did."""

    position: int
    version: str
    settled_position: int
    sha256: str

    @classmethod
    def of(cls, position: int, record: ControlRecord) -> Publication:
        """What a ``publish``, ``rollback``, ``reset`` or ``import`` record at this position made current."""
        version = record.version if record.action == "publish" else str(record.payload.get("after"))
        payload = record.payload
        return cls(position, version, payload.get("settled_position", -1), str(payload.get("sha256")))


@dataclass(frozen=True, slots=True)
class State:
    """A policy that goes on learning, with what it learned so far (see ``Lineage``)."""

    policy: Policy
    settled_position: int = 0
    learned: int = 0
    loss: float = 0.0
    moments: Sums = field(default_factory=dict)
    calibration: Calibration = field(default_factory=dict)

    @classmethod
    def of(cls, policy: Policy, manifest: Manifest, settled_position: int) -> State:
        """What a snapshot holds; its position is told by whoever starts from it."""
        return cls(policy, settled_position, manifest.learned, manifest.loss, manifest.moments, manifest.calibration)


@dataclass(frozen=True, slots=True)
class Resumed:
    """A state to go on from when its lineage starts, instead of the one it started from."""

    lineage: str
    state: State


@dataclass(slots=True)
class Lineage:
    """What one placement has learned since one start.

    Attributes:
        settled_position: of the last settlement in ``policy``.
        learned: settlements in ``policy``, those before a rollback's or import's state included.
        loss: their progressive loss, summed: of each the loss of the policy as it was just before it learned it.
        moments: of the numbers in what was learned.
        calibration: the newest that was journaled; decisions of its snapshots are encoded by it.
        alarms_told: how many of its policy's alarms were journaled, or raised before it started.
        refused: settlements that could not be learned safely, since this fold began.
        published: its snapshot that should serve.
    """

    id: str
    origin: Origin
    policy: Policy
    settled_position: int = 0
    learned: int = 0
    loss: float = 0.0
    moments: FeatureMoments = field(default_factory=FeatureMoments)
    calibration: Calibration = field(default_factory=dict)
    alarms_told: int = 0
    refused: int = 0
    published: Publication | None = None

    @classmethod
    def started(cls, record: ControlRecord, origin: Origin, state: State) -> Lineage:
        """A lineage at its first moment."""
        return cls(
            record.version,
            origin,
            state.policy,
            state.settled_position,
            state.learned,
            state.loss,
            FeatureMoments(state.moments),
            state.calibration,
            state.policy.alarms,
        )

    @property
    def state(self) -> State:
        """All that it has learned, by now; the policy itself learns on."""
        return State(self.policy, self.settled_position, self.learned, self.loss, self.moments.sums, self.calibration)

    @property
    def described(self) -> dict[str, Any]:
        """What the manifest of a snapshot taken now says, beside where and when it was taken."""
        return {
            "version": self.version,
            "lineage": self.id,
            "params": self.origin.params,
            "encoder_version": self.origin.encoder_version,
            "settled_position": self.settled_position,
            "learned": self.learned,
            "loss": self.loss,
            "moments": self.moments.sums,
            "calibration": dict(self.calibration),
        }

    @property
    def version(self) -> str:
        """Of a snapshot taken now."""
        return version_of(self.id, self.settled_position)

    @property
    def has_news(self) -> bool:
        """Whether something was learned that no published snapshot has."""
        if self.published is None:
            return self.learned > 0
        return self.settled_position > self.published.settled_position


def version_of(lineage: str, settled_position: int) -> str:
    """Name of a snapshot."""
    return f"{lineage}.{settled_position}"
