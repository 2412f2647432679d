"""The learner: reads the journal in order, settles what is due, learns it, publishes snapshots.

Everything it does is in the journal before it has an effect: a settlement is learned when it is read back, a snapshot
becomes current after its ``publish`` record. So it may be killed anywhere and started again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog

from engine.config import PlacementSpec
from engine.errors import PolicyError, SnapshotError
from engine.fold import Fold, Lineage, Origin, Resumed
from engine.journal.base import Journal, Stored
from engine.policies import registry
from engine.records.schema import AnyRecord, ControlRecord, TickRecord
from engine.records.sealing import Sealer
from engine.refusal import Note, unnoted
from engine.snapshots import Manifest, SnapshotStore
from features.clock import Clock

log = structlog.get_logger(__name__)

BATCH = 500
TICK_US = 1_000_000


class Learner:
    """One learner per journal. ``step`` does a bounded amount of work and says whether there is more."""

    def __init__(
        self,
        *,
        journal: Journal,
        snapshots: SnapshotStore,
        sealer: Sealer,
        clock: Clock,
        publish_every_us: int = 1_000_000,
        note: Note = unnoted,
    ) -> None:
        self._journal = journal
        self._snapshots = snapshots
        self._clock = clock
        self._publish_every_us = publish_every_us
        self._published_us = 0
        self._published: dict[str, tuple[str, int]] = {}
        self.fold = Fold(sealer, self._find_decision, note=note)

    def restore(self) -> None:
        """Fold the journal from its start, going on from the newest good snapshots instead of learning anew."""
        self.fold.resume = self._resumable()
        self._published = {name: (r.lineage, r.settled_position) for name, r in self.fold.resume.items()}
        while self._read():
            pass

    def step(self) -> bool:
        """Read, settle, learn, publish. True if there is more to read right now."""
        busy = self._read() == BATCH
        if busy:
            return True
        self._append([*self._origins(), *self.fold.joiner.pending()])
        self._tick()
        self._publish()
        return self.fold.position < self._journal.last_position()

    def _read(self) -> int:
        batch = self._journal.read(self.fold.position, BATCH)
        for stored in batch:
            self.fold.apply(stored)
        return len(batch)

    def _append(self, records: Sequence[AnyRecord]) -> None:
        for start in range(0, len(records), BATCH):
            self._journal.append(records[start : start + BATCH])
        while self._read() == BATCH:
            pass

    def _tick(self) -> None:
        if self.fold.joiner.open_count and self._clock() - self.fold.time_us >= TICK_US:
            self._append([TickRecord()])

    def _origins(self) -> list[ControlRecord]:
        wanted = {name: self._origin(spec) for name, (_, spec) in self.fold.catalogues.items()}
        return [
            self._origin_record(name, origin)
            for name, origin in wanted.items()
            if origin is not None and not self._goes_on(name, origin)
        ]

    def _origin(self, spec: PlacementSpec) -> Origin | None:
        if not (self.fold.encoder and registry.learns(spec.policy.name)):
            return None
        return Origin(spec.policy.name, spec.policy.params, self.fold.encoder)

    def _goes_on(self, placement: str, origin: Origin) -> bool:
        lineage = self.fold.lineages.get(placement)
        return lineage is not None and lineage.origin == origin

    def _origin_record(self, placement: str, origin: Origin) -> ControlRecord:
        position, _ = self.fold.catalogues[placement]
        replaced = self.fold.lineages.get(placement)
        content = msgspec.json.encode([placement, position, origin, replaced and replaced.id], order="deterministic")
        version = hashlib.sha256(content).hexdigest()[:12]
        return ControlRecord(action="origin", placement=placement, version=version, payload=msgspec.to_builtins(origin))

    def _publish(self) -> None:
        now_us = self._clock()
        if now_us - self._published_us < self._publish_every_us:
            return
        for placement, lineage in self.fold.lineages.items():
            if self._published.get(placement) != (lineage.id, lineage.settled_position) and lineage.learned:
                self._publish_one(placement, lineage)
        self._published_us = now_us

    def _publish_one(self, placement: str, lineage: Lineage) -> None:
        try:
            manifest = self._snapshots.stage(lineage.policy, **self._manifest_fields(placement, lineage))
        except (SnapshotError, PolicyError):
            log.exception("snapshot_refused", placement=placement, lineage=lineage.id)
            return
        self._append([_publish_record(manifest)])
        self._activate(manifest)

    def _activate(self, manifest: Manifest) -> None:
        try:
            self._snapshots.activate(manifest)
        except SnapshotError:
            log.exception("snapshot_not_activated", placement=manifest.placement, version=manifest.version)
            return
        self._published[manifest.placement] = (manifest.lineage, manifest.settled_position)

    def _manifest_fields(self, placement: str, lineage: Lineage) -> dict[str, Any]:
        return {
            "placement": placement,
            "version": f"{lineage.id}.{lineage.settled_position}",
            "lineage": lineage.id,
            "params": lineage.origin.params,
            "encoder_version": lineage.origin.encoder_version,
            "settled_position": lineage.settled_position,
            "created_us": self._clock(),
        }

    def _resumable(self) -> dict[str, Resumed]:
        found: dict[str, Resumed] = {}
        for placement in self._snapshots.placements():
            resumed = self._resumed(placement)
            if resumed is not None:
                found[placement] = resumed
        return found

    def _resumed(self, placement: str) -> Resumed | None:
        """``None`` sends the lineage back to its origin: a snapshot that is bad, inexact or not this journal's."""
        try:
            manifest = self._snapshots.current(placement)
            if manifest is None or not self._is_ours(manifest):
                return None
            policy = self._snapshots.load(manifest)
        except SnapshotError:
            log.exception("snapshot_unusable", placement=placement)
            return None
        return Resumed(manifest.lineage, policy, manifest.settled_position) if policy.resumes_exactly else None

    def _is_ours(self, manifest: Manifest) -> bool:
        """Lineages of equal configurations have equal names: whose bytes these are, only a ``publish`` record tells."""
        published = _publish_record(manifest)
        stored = self._journal.find("control", published.idempotency_key or "")
        return stored is not None and stored.record == published

    def _find_decision(self, decision_id: str) -> Stored | None:
        return self._journal.find("decision", decision_id)


def _publish_record(manifest: Manifest) -> ControlRecord:
    return ControlRecord(
        action="publish",
        placement=manifest.placement,
        version=manifest.version,
        payload={
            "lineage": manifest.lineage,
            "settled_position": manifest.settled_position,
            "sha256": manifest.sha256,
            "size": manifest.size,
        },
    )
