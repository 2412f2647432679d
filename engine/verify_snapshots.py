"""Proof that what was published is what the journal gives: byte for byte, through rollbacks, resets and imports."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from engine.errors import PolicyError, SnapshotError, VerificationFailed
from engine.example import calibration_of
from engine.fold import Fold
from engine.journal.base import Stored
from engine.lineage import ORDERED, Lineage, Publication, Start
from engine.records.schema import ControlRecord
from engine.snapshots import SnapshotStore, fingerprint
from engine.states import Version
from engine.verified import Verified


@dataclass(frozen=True, slots=True)
class SnapshotCheck:
    """Feed it every control record that the fold has just taken in; it adds to what is verified."""

    fold: Fold
    snapshots: SnapshotStore
    verified: Verified
    _published: dict[Version, tuple[int, str]] = field(default_factory=dict)

    def observe(self, stored: Stored, record: ControlRecord) -> None:
        """Compare what the record made current. Raises ``VerificationFailed``."""
        if record.action == "calibrate":
            self._check_calibration(stored.position, record)
        if record.action == "alarm":
            self._check_alarm(stored.position, record)
        if record.action != "publish" and record.action not in ORDERED:
            return
        made = Publication.of(stored.position, record)
        if record.action == "publish":
            self._check_publish(made, record)
        else:
            self._check_start(made, record)
        self._published[record.placement, made.version] = made.settled_position, made.sha256
        self.verified.files += self._check_file(made, record.placement)

    def _check_publish(self, made: Publication, record: ControlRecord) -> None:
        lineage = self.fold.owner(record)
        if lineage is None:
            raise _failure(made, "belongs to no lineage here")
        if not self.fold.can_encode(lineage.origin.encoder_version):
            self.verified.foreign.append((record.placement, made.version))
            return
        if lineage.settled_position != made.settled_position:
            stands = f"the fold stands at {lineage.settled_position}"
            raise _failure(made, f"says position {made.settled_position}, {stands}")
        _check_bytes(made, lineage)
        self.verified.snapshots.append((record.placement, made.version))

    def _check_calibration(self, position: int, record: ControlRecord) -> None:
        lineage = self.fold.owner(record)
        if lineage is None or not self.fold.can_encode(lineage.origin.encoder_version):
            return
        if calibration_of(record) != lineage.moments.calibration():
            raise VerificationFailed(f"calibration {record.version} is not that of what was learned", position=position)
        self.verified.calibrations += 1

    def _check_alarm(self, position: int, record: ControlRecord) -> None:
        lineage = self.fold.owner(record)
        if lineage is None or not self.fold.can_encode(lineage.origin.encoder_version):
            return
        if record.payload["alarms"] != lineage.policy.alarms:
            found = f"the fold raised {lineage.policy.alarms}"
            raise VerificationFailed(
                f"alarm {record.version} is number {record.payload['alarms']}, {found}", position=position
            )

    def _check_start(self, made: Publication, record: ControlRecord) -> None:
        try:
            start = Start.of(record)
        except msgspec.ValidationError as error:
            raise _failure(made, f"starts a lineage, but does not say from what: {error}") from error
        source = self._published.get((record.placement, start.source))
        if record.action == "rollback" and source != (start.settled_position, start.sha256):
            raise _failure(made, f"goes back to what {start.source or 'nothing'} was not published as")
        _check_bytes(made, self.fold.lineages[record.placement])
        compared = self.verified.imported if record.action == "import" else self.verified.snapshots
        compared.append((record.placement, made.version))

    def _check_file(self, made: Publication, placement: str) -> int:
        """1 if the snapshot's file is still kept, after comparing its bytes; 0 if it was pruned."""
        try:
            manifest = self.snapshots.manifest(placement, made.version)
            if manifest is None:
                return 0
            self.snapshots.check_bytes(manifest)
        except SnapshotError as error:
            raise _failure(made, str(error)) from error
        if manifest.sha256 != made.sha256:
            raise _failure(made, "its manifest names other bytes")
        return 1


def _check_bytes(made: Publication, lineage: Lineage) -> None:
    try:
        folded = fingerprint(lineage.policy)
    except PolicyError as error:
        raise _failure(made, str(error)) from error
    if folded != made.sha256:
        raise _failure(made, "differs from the model folded anew")


def _failure(made: Publication, what: str) -> VerificationFailed:
    return VerificationFailed(f"snapshot {made.version}: {what}", position=made.position)
