"""The snapshots made anew from nothing but the history: for whoever lost them, and as a proof for whoever did not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from engine.errors import VerificationFailed
from engine.fold import Fold
from engine.journal.base import Reads, Stored
from engine.journal.identity import identity_of
from engine.lineage import ORDERED, Lineage, Publication
from engine.manifest import Manifest
from engine.records.schema import ControlRecord
from engine.records.sealing import Sealer
from engine.refold import Watch, new_fold, records_of, unwatched
from engine.snapshots import SnapshotStore


class Rebuilt(NamedTuple):
    """A snapshot made anew, byte-identical to what was published; ``current`` if it is the placement's newest."""

    manifest: Manifest
    current: bool


def rebuild(
    history: Reads, sealer: Sealer, snapshots: SnapshotStore, imports: SnapshotStore, watch: Watch = unwatched
) -> list[Rebuilt]:
    """Fold a history into snapshots: of every lineage the one it starts with, if a person ordered it, and the last one.

    A learner goes on from them, and serving processes serve them, as from those that were published.

    Args:
        snapshots: where nothing of this history is yet.
        imports: where imported models are kept.
        watch: is told how many records have been folded.

    Raises:
        VerificationFailed: what comes out is not what was published; names the position.
        SnapshotError: an imported model is gone, or this software makes other models than the one that published.
        CorruptRecord, Incomplete: the history cannot be read, or was cut.
    """
    last = _last_publications(records_of(history))
    made: dict[tuple[str, str], Manifest] = {}
    with new_fold(history, sealer, imports) as fold:
        identity = ""
        for stored in records_of(history, watch):
            identity = identity or identity_of(stored)
            fold.apply(stored)
            if stored.position in last:
                manifest = _remade(fold, stored, snapshots, identity)
                made[manifest.placement, manifest.version] = manifest
    return [Rebuilt(manifest, snapshots.current(manifest.placement) == manifest) for manifest in made.values()]


def _last_publications(records: Iterable[Stored]) -> frozenset[int]:
    """Where lineages start that a person ordered, and where the last snapshot of each lineage was published."""
    starts: set[int] = set()
    last: dict[tuple[str, str], int] = {}
    for stored in records:
        record = stored.record
        if isinstance(record, ControlRecord) and record.action in ORDERED:
            starts.add(stored.position)
        elif isinstance(record, ControlRecord) and record.action == "publish":
            last[record.placement, str(record.payload.get("lineage"))] = stored.position
    return frozenset((*starts, *last.values()))


def _remade(fold: Fold, stored: Stored, snapshots: SnapshotStore, identity: str) -> Manifest:
    record = stored.record
    assert isinstance(record, ControlRecord)
    started = record.action in ORDERED
    lineage = fold.lineages[record.placement] if started else fold.owner(record)
    made = Publication.of(stored.position, record)
    if lineage is None or lineage.settled_position != made.settled_position:
        raise VerificationFailed(f"snapshot {made.version}: the history gives another one", position=made.position)
    manifest = _staged(lineage, record.placement, stored, snapshots, kept=started, journal=identity)
    if manifest.sha256 != made.sha256:
        raise VerificationFailed(f"snapshot {made.version} differs from the model folded anew", position=made.position)
    if lineage is fold.lineages[record.placement]:
        snapshots.activate(manifest)
    return manifest


def _staged(
    lineage: Lineage, placement: str, stored: Stored, snapshots: SnapshotStore, *, kept: bool, journal: str
) -> Manifest:
    return snapshots.stage(
        lineage.policy,
        kept=kept,
        placement=placement,
        created_us=stored.time_us,
        journal=journal,
        published_position=stored.position,
        **lineage.described,
    )
