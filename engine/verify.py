"""Proof that the journal explains what was published: fold it anew and compare byte for byte.

In journal order, three things are compared: every decision with the rules of a pmf and the draw of its id, every
settlement with what the joiner makes of the records before it, and every published snapshot with the model folded from
the settlements so far.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from engine.errors import CorruptRecord, PolicyError, SnapshotError, VerificationFailed
from engine.fold import Fold
from engine.journal.base import Journal, Stored
from engine.pmf import draw, sample
from engine.privacy import Vault
from engine.records.schema import ControlRecord, DecisionRecord, SettlementRecord
from engine.snapshots import SnapshotStore, fingerprint

BATCH = 1_000
PMF_TOLERANCE = 1e-9


@dataclass(slots=True)
class Verified:
    """What was compared.

    Attributes:
        snapshots: (placement, version), each byte-identical.
        foreign: published under an encoder that this software does not have: nothing to compare them with.
        files: snapshots whose file is still kept, with the right bytes.
    """

    records: int = 0
    decisions: int = 0
    settlements: int = 0
    snapshots: list[tuple[str, str]] = field(default_factory=list)
    foreign: list[tuple[str, str]] = field(default_factory=list)
    files: int = 0


def verify(journal: Journal, vault: Vault, snapshots: SnapshotStore) -> Verified:
    """Fold the whole journal and compare.

    Raises:
        VerificationFailed: at the first record that does not follow from those before it; names its position.
    """
    fold = Fold(vault.sealer, lambda decision_id: journal.find("decision", decision_id))
    verified = Verified()
    for stored in _records(journal):
        record = stored.record
        if isinstance(record, DecisionRecord):
            _check_pmf(stored.position, record)
            _check_draw(stored.position, record, vault.salts.draw)
            verified.decisions += 1
        elif isinstance(record, SettlementRecord):
            _check_settlement(fold, stored.position, record)
            verified.settlements += 1
        _apply(fold, stored)
        if isinstance(record, ControlRecord) and record.action == "publish":
            compared = verified.snapshots if _check_snapshot(fold, stored.position, record) else verified.foreign
            compared.append((record.placement, record.version))
            verified.files += _check_file(record, stored.position, snapshots)
        verified.records += 1
    return verified


def _records(journal: Journal) -> Iterator[Stored]:
    position = 0
    while batch := journal.read(position, BATCH):
        yield from batch
        position = batch[-1].position


def _apply(fold: Fold, stored: Stored) -> None:
    try:
        fold.apply(stored)
    except (CorruptRecord, msgspec.ValidationError) as error:
        raise VerificationFailed(str(error), position=stored.position) from error


def _check_pmf(position: int, record: DecisionRecord) -> None:
    if len(record.pmf) != len(record.candidates):
        raise VerificationFailed(f"decision {record.id}: pmf and candidates differ in length", position=position)
    if not record.pmf:
        return
    # Written so that NaN, which fails every comparison, fails these.
    if not (abs(math.fsum(record.pmf) - 1.0) <= PMF_TOLERANCE and min(record.pmf) >= 0.0):
        raise VerificationFailed(f"decision {record.id}: not a pmf", position=position)


def _check_draw(position: int, record: DecisionRecord, salt: bytes) -> None:
    drawn = sample(record.pmf, draw(salt, record.id)) if record.pmf else None
    if record.chosen != drawn:
        raise VerificationFailed(
            f"decision {record.id}: chose candidate {record.chosen}, its pmf and its draw give {drawn}",
            position=position,
        )


def _check_settlement(fold: Fold, position: int, record: SettlementRecord) -> None:
    expected = fold.joiner.due(record.decision_id)
    if expected is None:
        raise VerificationFailed(f"decision {record.decision_id} was settled before it was due", position=position)
    first = fold.joiner.next_due
    if first is not None and first is not expected:
        raise VerificationFailed(
            f"decision {record.decision_id} was settled out of turn: {first.decision_id} was due before it",
            position=position,
        )
    if expected != record:
        raise VerificationFailed(
            f"decision {record.decision_id} was settled with reward {record.reward!r} ({record.outcomes} outcomes), "
            f"its records give {expected.reward!r} ({expected.outcomes})",
            position=position,
        )


def _check_snapshot(fold: Fold, position: int, record: ControlRecord) -> bool:
    """False if there is nothing to compare with."""
    lineage = fold.lineages.get(record.placement)
    if lineage is None or lineage.id != record.payload.get("lineage"):
        raise VerificationFailed(f"snapshot {record.version} belongs to no lineage here", position=position)
    if not fold.can_encode(lineage.origin.encoder_version):
        return False
    settled = record.payload.get("settled_position")
    if lineage.settled_position != settled:
        raise VerificationFailed(
            f"snapshot {record.version} says position {settled}, the fold stands at {lineage.settled_position}",
            position=position,
        )
    try:
        folded = fingerprint(lineage.policy)
    except PolicyError as error:
        raise VerificationFailed(f"snapshot {record.version}: {error}", position=position) from error
    if folded != record.payload.get("sha256"):
        raise VerificationFailed(f"snapshot {record.version} differs from the model folded anew", position=position)
    return True


def _check_file(record: ControlRecord, position: int, snapshots: SnapshotStore) -> int:
    """1 if the snapshot's file is still kept, after comparing its bytes; 0 if it was pruned."""
    try:
        manifest = snapshots.manifest(record.placement, record.version)
        if manifest is None:
            return 0
        snapshots.check_bytes(manifest)
    except SnapshotError as error:
        raise VerificationFailed(f"snapshot {record.version}: {error}", position=position) from error
    if manifest.sha256 != record.payload.get("sha256"):
        raise VerificationFailed(f"snapshot {record.version}: its manifest names other bytes", position=position)
    return 1
