"""Proof that the journal explains what was published: fold it anew and compare byte for byte.

In journal order, three things are compared: every decision with the rules of a pmf and the draw of its id, every
settlement with what the joiner makes of the records before it, and every published snapshot with the model folded from
the settlements so far.
"""

from __future__ import annotations

import math

import msgspec

from engine.errors import CorruptRecord, Incomplete, SnapshotError, VerificationFailed
from engine.fold import Fold
from engine.journal.base import Reads, Stored
from engine.pmf import draw, sample
from engine.privacy import Vault
from engine.records.schema import ControlRecord, DecisionRecord, SettlementRecord
from engine.refold import Watch, batches_of, new_fold, unwatched
from engine.snapshots import SnapshotStore
from engine.verified import Verified
from engine.verify_snapshots import SnapshotCheck

PMF_TOLERANCE = 1e-9


def verify(history: Reads, vault: Vault, snapshots: SnapshotStore, watch: Watch = unwatched) -> Verified:
    """Fold the whole history and compare.

    Args:
        watch: is told how many records have been compared.

    Raises:
        VerificationFailed: at the first record that does not follow from those before it; names its position.
        CorruptRecord: the history cannot be read.
    """
    verified = Verified()
    with new_fold(history, vault.sealer, snapshots) as fold:
        published = SnapshotCheck(fold, snapshots, verified)
        for batch in batches_of(history, watch):
            fold.prepare(batch)
            for stored in batch:
                _check_before(fold, stored, vault.salts.draw, verified)
                _apply(fold, stored)
                if isinstance(stored.record, ControlRecord):
                    published.observe(stored, stored.record)
    return verified


def _check_before(fold: Fold, stored: Stored, salt: bytes, verified: Verified) -> None:
    """What can only be compared before the fold goes on."""
    record = stored.record
    verified.records += 1
    if isinstance(record, DecisionRecord):
        _check_pmf(stored.position, record)
        _check_draw(stored.position, record, salt)
        verified.decisions += 1
    elif isinstance(record, SettlementRecord):
        _check_settlement(fold, stored.position, record)
        verified.settlements += 1


def _apply(fold: Fold, stored: Stored) -> None:
    try:
        fold.apply(stored)
    except (CorruptRecord, Incomplete, SnapshotError, msgspec.ValidationError) as error:
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
    expected = fold.joiner.due(record.decision_id, early=record.early)
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
