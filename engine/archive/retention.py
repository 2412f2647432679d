"""How much of a journal may go, because it is archived, old, and nobody needs it there any more."""

from __future__ import annotations

from typing import NamedTuple

from engine.archive.files import Files
from engine.archive.history import History
from engine.archive.manifest import Manifest, read_manifest
from engine.archive.needs import Needs
from engine.errors import ArchiveError, CorruptRecord
from engine.journal.base import Journal
from engine.publications import resumable
from engine.refold import Watch, records_of, unwatched
from engine.snapshots import SnapshotStore


class Cuttable(NamedTuple):
    """Everything up to ``position`` may go; ``because`` says what keeps the rest."""

    position: int
    because: str


def cuttable(
    journal: Journal,
    snapshots: SnapshotStore,
    archive: Manifest | None,
    older_than_us: int,
    watch: Watch = unwatched,
) -> Cuttable:
    """How far a journal may be cut. Reads all of it.

    Args:
        archive: what is archived of it; ``None`` to do without (what is cut is then gone for good).
        older_than_us: age, in journal time: counted from the journal's newest record.
        watch: is told how many records have been read.
    """
    needs, old = Needs(resumable(journal, snapshots)), 0
    oldest_kept_us = _newest_us(journal) - older_than_us
    for stored in records_of(journal, watch):
        needs.observe(stored)
        if stored.time_us < oldest_kept_us:
            old = stored.position
    limits = [(old, "the rest is younger")]
    if archive is not None:
        limits.append((archive.position, "the rest is not archived yet"))
    if needs.to_settle is not None:
        limits.append((needs.to_settle - 1, "the next decision is not settled yet"))
    if needs.to_learn is not None:
        limits.append((needs.to_learn - 1, "the next decision was learned, and no snapshot has it yet"))
    return Cuttable(*min(limits))


def _newest_us(journal: Journal) -> int:
    newest = journal.read(journal.last_position() - 1, 1)
    return newest[0].time_us if newest else 0


def checked_archive(files: Files, shard: int, journal: Journal) -> Manifest:
    """The manifest of an archive that is this journal's, after every file was checked whose records are still in both.

    Raises:
        ArchiveError: nothing is archived there, or it is another journal's.
        CorruptRecord: a file is missing or damaged: what it should hold must not be cut.
    """
    manifest = read_manifest(files, shard)
    if manifest is None:
        raise ArchiveError(f"nothing of shard {shard} is archived in {files}")
    History(files, shard, journal)
    for part in manifest.records:
        if part.last > journal.cut_position() and not part.is_made_of(files.get(part.name) or b""):
            raise CorruptRecord(f"{files}/{part.name} is missing or damaged: nothing is cut")
    return manifest
