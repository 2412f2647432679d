"""Publishing: a snapshot is staged, journaled and only then served; what serves is what the journal says."""

from __future__ import annotations

import structlog
from msgspec.structs import replace

from engine.errors import PolicyError, SnapshotError
from engine.lineage import Lineage, Publication
from engine.manifest import Manifest
from engine.publications import publish_record
from engine.records.schema import ControlRecord
from engine.snapshots import SnapshotStore
from features.clock import Clock

log = structlog.get_logger(__name__)


class Publisher:
    """What the learner in office does with its snapshots. A failure is logged once, and tried again.

    Args:
        clock: the wall's.

    Attributes:
        journal: identity of the journal; known when its first record is.
    """

    def __init__(self, snapshots: SnapshotStore, clock: Clock) -> None:
        self.journal = ""
        self._snapshots = snapshots
        self._clock = clock
        self._served: dict[str, Publication] = {}
        self._failed: dict[str, str] = {}

    def stage(self, placement: str, lineage: Lineage) -> ControlRecord | None:
        """Make a snapshot of what was learned; the record that will make it current. ``None`` if it is refused."""
        try:
            return publish_record(self._stage(placement, lineage))
        except (SnapshotError, PolicyError) as error:
            self._note("snapshot_refused", placement, error)
            return None

    def serve(self, placement: str, lineage: Lineage) -> None:
        """Make current what the journal says is: after a publication, a crash, a foreign hand on the folder."""
        wanted = lineage.published
        if wanted is None or self._is_served(placement, wanted):
            return
        try:
            manifest = replace(self._sound(placement, lineage, wanted), published_position=wanted.position)
            self._snapshots.activate(replace(manifest, journal=self.journal))
        except (SnapshotError, PolicyError) as error:
            self._note("snapshot_not_activated", placement, error)
            return
        self._served[placement] = wanted
        self._failed.pop(placement, None)

    def _is_served(self, placement: str, wanted: Publication) -> bool:
        if self._served.get(placement) != wanted:
            return False
        current = self._manifest(placement)
        return current is not None and (current.version, current.published_position, current.journal) == (
            wanted.version,
            wanted.position,
            self.journal,
        )

    def _sound(self, placement: str, lineage: Lineage, wanted: Publication) -> Manifest:
        """The published snapshot as it was staged, or staged anew if its files are damaged or gone."""
        manifest = self._manifest(placement, wanted.version)
        if manifest is not None and manifest.sha256 == wanted.sha256 and self._is_whole(manifest):
            return manifest
        if lineage.settled_position != wanted.settled_position:
            raise SnapshotError(f"{wanted.version} is damaged or gone; the next one takes its place")
        manifest = self._stage(placement, lineage)
        if manifest.sha256 != wanted.sha256:
            raise SnapshotError(f"{wanted.version} came out other than it was published")
        return manifest

    def _is_whole(self, manifest: Manifest) -> bool:
        try:
            self._snapshots.check_bytes(manifest)
        except SnapshotError:
            return False
        return True

    def _manifest(self, placement: str, version: str | None = None) -> Manifest | None:
        """Of a version, or of the current one; ``None`` if there is none that can be read."""
        try:
            if version is None:
                return self._snapshots.current(placement)
            return self._snapshots.manifest(placement, version)
        except SnapshotError:
            return None

    def _stage(self, placement: str, lineage: Lineage) -> Manifest:
        return self._snapshots.stage(
            lineage.policy,
            placement=placement,
            created_us=self._clock(),
            journal=self.journal,
            **lineage.described,
        )

    def _note(self, event: str, placement: str, error: Exception) -> None:
        if self._failed.get(placement) != str(error):
            log.error(event, placement=placement, error=str(error))
        self._failed[placement] = str(error)
