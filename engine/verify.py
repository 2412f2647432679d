"""Proof that the journal explains what was published: fold it anew and compare byte for byte.

Three things are compared, in journal order: every settlement with what the joiner makes of the records before it, every
decision's pmf with the rules of a pmf, and every published snapshot with the model folded from the settlements so far.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.encode import Encoder
from engine.errors import PolicyError, SnapshotError, VerificationFailed
from engine.fold import Fold
from engine.journal.base import Journal, Stored
from engine.records.schema import ControlRecord, DecisionRecord, SettlementRecord
from engine.records.sealing import Sealer
from engine.snapshots import SnapshotStore, fingerprint

BATCH = 1_000
PMF_TOLERANCE = 1e-9


@dataclass(slots=True)
class Verified:
    """What was compared. ``snapshots`` are (placement, version), each byte-identical."""

    records: int = 0
    decisions: int = 0
    settlements: int = 0
    snapshots: list[tuple[str, str]] = field(default_factory=list)
    files: int = 0


def verify(journal: Journal, sealer: Sealer, encoder: Encoder, snapshots: SnapshotStore) -> Verified:
    """Fold the whole journal and compare.

    Raises:
        VerificationFailed: at the first record that does not follow from those before it; names its position.
    """
    fold = Fold(sealer, encoder, lambda decision_id: journal.find("decision", decision_id))
    verified = Verified()
    for stored in _records(journal):
        record = stored.record
        if isinstance(record, DecisionRecord):
            _check_pmf(stored.position, record)
            verified.decisions += 1
        elif isinstance(record, SettlementRecord):
            _check_settlement(fold, stored.position, record)
            verified.settlements += 1
        fold.apply(stored)
        if isinstance(record, ControlRecord) and record.action == "publish":
            verified.files += _check_snapshot(fold, stored.position, record, snapshots)
            verified.snapshots.append((record.placement, record.version))
        verified.records += 1
    return verified


def _records(journal: Journal) -> Iterator[Stored]:
    position = 0
    while batch := journal.read(position, BATCH):
        yield from batch
        position = batch[-1].position


def _check_pmf(position: int, record: DecisionRecord) -> None:
    if len(record.pmf) != len(record.candidates):
        raise VerificationFailed(f"decision {record.id}: pmf and candidates differ in length", position=position)
    if record.chosen is None:
        return
    if abs(math.fsum(record.pmf) - 1.0) > PMF_TOLERANCE or min(record.pmf) < 0.0:
        raise VerificationFailed(f"decision {record.id}: not a pmf", position=position)
    if not record.pmf[record.chosen] > 0.0:
        raise VerificationFailed(f"decision {record.id}: chose an action of probability 0", position=position)


def _check_settlement(fold: Fold, position: int, record: SettlementRecord) -> None:
    expected = fold.joiner.due(record.decision_id)
    if expected is None:
        raise VerificationFailed(f"decision {record.decision_id} was settled before it was due", position=position)
    if expected != record:
        raise VerificationFailed(
            f"decision {record.decision_id} was settled with reward {record.reward!r} ({record.outcomes} outcomes), "
            f"its records give {expected.reward!r} ({expected.outcomes})",
            position=position,
        )


def _check_snapshot(fold: Fold, position: int, record: ControlRecord, snapshots: SnapshotStore) -> int:
    lineage = fold.lineages.get(record.placement)
    if lineage is None or lineage.id != record.payload["lineage"]:
        raise VerificationFailed(f"snapshot {record.version} belongs to no lineage here", position=position)
    if lineage.settled_position != record.payload["settled_position"]:
        raise VerificationFailed(
            f"snapshot {record.version} says position {record.payload['settled_position']}, "
            f"the fold stands at {lineage.settled_position}",
            position=position,
        )
    try:
        folded = fingerprint(lineage.policy)
    except PolicyError as error:
        raise VerificationFailed(f"snapshot {record.version}: {error}", position=position) from error
    if folded != record.payload["sha256"]:
        raise VerificationFailed(f"snapshot {record.version} differs from the model folded anew", position=position)
    return _check_file(record, position, snapshots)


def _check_file(record: ControlRecord, position: int, snapshots: SnapshotStore) -> int:
    """1 if the snapshot's file is still kept, after comparing its bytes; 0 if it was pruned."""
    try:
        manifest = snapshots.manifest(record.placement, record.version)
        if manifest is None:
            return 0
        snapshots.check_bytes(manifest)
    except SnapshotError as error:
        raise VerificationFailed(f"snapshot {record.version}: {error}", position=position) from error
    if manifest.sha256 != record.payload["sha256"]:
        raise VerificationFailed(f"snapshot {record.version}: its manifest names other bytes", position=position)
    return 1
