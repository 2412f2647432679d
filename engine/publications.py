"""Which snapshots a journal explains: those that one of its records made current."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import structlog

from engine.errors import SnapshotError
from engine.journal.base import Reads, Stored
from engine.lineage import ORDERED, Publication, Resumed, State
from engine.manifest import Manifest
from engine.records.schema import ControlRecord
from engine.snapshots import SnapshotStore

log = structlog.get_logger(__name__)


class Published(NamedTuple):
    """A snapshot that is still kept, and the record that made it current."""

    at: Stored
    manifest: Manifest

    @property
    def action(self) -> str:
        """What the record is: ``publish``, ``rollback``, ``reset`` or ``import``."""
        assert isinstance(self.at.record, ControlRecord)
        return self.at.record.action


def publish_record(manifest: Manifest) -> ControlRecord:
    """What makes a snapshot of a lineage current that has learned something."""
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


def published(journal: Reads, snapshots: SnapshotStore, placement: str) -> list[Published]:
    """The snapshots that are kept and that this journal explains, the last one first.

    Lineages of equal configurations have equal names: whose bytes these are, only the journal tells.
    """
    found = ((_record_of(journal, manifest), manifest) for manifest in snapshots.versions(placement))
    ours = [Published(stored, manifest) for stored, manifest in found if stored is not None]
    return sorted(ours, key=lambda each: -each.at.position)


def resumable(journal: Reads, snapshots: SnapshotStore) -> dict[str, Resumed]:
    """Placement → the newest sound snapshot to go on from. What has none is learned anew, from its origin."""
    found = {name: _resumable(journal, snapshots, name) for name in snapshots.folders()}
    return {name: resumed for name, resumed in found.items() if resumed is not None}


def _resumable(journal: Reads, snapshots: SnapshotStore, placement: str) -> Resumed | None:
    for _, manifest in published(journal, snapshots, placement):
        try:
            policy = snapshots.load(manifest)
        except SnapshotError as error:
            log.error("snapshot_unusable", placement=placement, version=manifest.version, error=str(error))
            continue
        if not policy.resumes_exactly:
            return None
        return Resumed(manifest.lineage, State.of(policy, manifest, manifest.settled_position))
    return None


def _record_of(journal: Reads, manifest: Manifest) -> Stored | None:
    found = (journal.find("control", key) for key in _keys(manifest))
    return next((stored for stored in found if stored is not None and _explains(stored, manifest)), None)


def _keys(manifest: Manifest) -> Iterator[str]:
    yield f"publish/{manifest.placement}/{manifest.version}"
    yield from (f"{action}/{manifest.placement}/{manifest.lineage}" for action in sorted(ORDERED))


def _explains(stored: Stored, manifest: Manifest) -> bool:
    record = stored.record
    assert isinstance(record, ControlRecord)
    lineage = record.payload.get("lineage") if record.action == "publish" else record.version
    made = Publication.of(stored.position, record)
    return (lineage, made.version, made.settled_position, made.sha256) == (
        manifest.lineage,
        manifest.version,
        manifest.settled_position,
        manifest.sha256,
    )
