"""All that a journal ever held: its archive, followed by what the journal still has."""

from __future__ import annotations

from collections.abc import Sequence

from engine.archive.files import Files
from engine.archive.manifest import Manifest, Part, read_manifest
from engine.archive.records import ArchivedRecords
from engine.errors import ArchiveError
from engine.journal.base import Journal, Stored
from engine.journal.identity import identity_of


class History:
    """Reads an archive and then the journal it was made from, as if nothing had ever been cut. Read-only.

    Archived files are checked before anything of them is believed. What one has lost is taken from the journal if it is
    still there; otherwise ``CorruptRecord`` names the file.

    Args:
        journal: ``None``, or an empty one, to read the archive alone.

    Raises:
        ArchiveError: the archive is of another journal, or knows more than this one.
    """

    def __init__(self, files: Files, shard: int, journal: Journal | None) -> None:
        manifest = read_manifest(files, shard) or Manifest(shard=shard, journal="", position=0)
        self._journal = journal if journal is not None and journal.last_position() else None
        self._archive = ArchivedRecords(files, manifest, self._from_journal)
        self.archived = manifest.position
        if self._journal is not None and manifest.position:
            _check_same(self._archive, self._journal, f"{files}, shard {shard}")

    def read(self, after: int, limit: int) -> list[Stored]:
        """At most ``limit`` records with position > ``after``, in order."""
        found = self._archive.read(after, limit)
        if len(found) < limit and self._journal is not None:
            found += self._journal.read(max(after, self.archived), limit - len(found))
        return found

    def at(self, position: int) -> Stored | None:
        """The record at a position."""
        return next((stored for stored in self.read(position - 1, 1) if stored.position == position), None)

    def find(self, kind: str, key: str) -> Stored | None:
        """The record of this kind with this idempotency key: from the journal, or else from the archive."""
        found = None if self._journal is None else self._journal.find(kind, key)
        return found or (self._archive.find(kind, key) if self.archived else None)

    def find_all(self, kind: str, keys: Sequence[str]) -> dict[str, Stored]:
        """See ``Journal.find_all``: from the journal, or else from the archive."""
        found = {} if self._journal is None else self._journal.find_all(kind, keys)
        if self.archived:
            found |= self._archive.find_all(kind, [key for key in keys if key not in found])
        return found

    def about(self, decision_id: str) -> list[Stored]:
        """Every record that belongs to a decision, in order."""
        archived = self._archive.about(decision_id) if self.archived else []
        later = [] if self._journal is None else self._journal.about(decision_id)
        return archived + [stored for stored in later if stored.position > self.archived]

    def last_position(self) -> int:
        """The newest position; 0 if nothing was ever recorded."""
        return self.archived if self._journal is None else self._journal.last_position()

    def _from_journal(self, part: Part) -> list[Stored] | None:
        if self._journal is None:
            return None
        found = self._journal.read(part.first - 1, part.rows)
        whole = len(found) == part.rows and (found[0].position, found[-1].position) == (part.first, part.last)
        return found if whole else None


def _check_same(archive: ArchivedRecords, journal: Journal, what: str) -> None:
    if journal.last_position() < archive.position:
        raise ArchiveError(
            f"the archive {what} has positions up to {archive.position}, the journal only up to "
            f"{journal.last_position()}: it is another journal's, or the journal is an old copy"
        )
    oldest = journal.read(0, 1)[0]
    if oldest.position > archive.position:
        return
    archived = archive.at(oldest.position)
    if archived is None or identity_of(archived) != identity_of(oldest):
        raise ArchiveError(f"the archive {what} is another journal's: position {oldest.position} differs")
