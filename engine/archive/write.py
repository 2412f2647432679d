"""The archiver: copies a journal's records, and the decisions settled in them, into files that never change again.

Each step writes its files, then the manifest that lists them, each whole and flushed: killed anywhere, it goes on after
the last manifest, and whatever that does not list is removed or written over.
"""

from __future__ import annotations

from collections import defaultdict

import msgspec

from engine.archive.decision_rows import Settled, settled_in, write_decisions
from engine.archive.files import TEMPORARY, Files
from engine.archive.history import History
from engine.archive.manifest import MANIFEST, Manifest, Part, folder_of, read_manifest, write_manifest
from engine.archive.mend import Mended, mend
from engine.archive.record_rows import write_rows
from engine.errors import ArchiveError
from engine.journal.base import Journal, Stored
from engine.journal.identity import identity_of

PART_ROWS = 20_000
WAIT_US = 3_600_000_000
BATCH = 1_000


class Archiver:
    """Archives one shard's journal. One at a time: hold ``Files.locked(folder_of(shard))`` meanwhile.

    Args:
        part_rows: most records in a file.

    Raises:
        ArchiveError: the archive is another journal's, was edited, or cannot be written.
    """

    def __init__(self, journal: Journal, files: Files, shard: int = 0, *, part_rows: int = PART_ROWS) -> None:
        self._journal = journal
        self._files = files
        self._shard = shard
        self._part_rows = part_rows
        History(files, shard, journal)  # refuses the archive of another journal
        self._manifest = read_manifest(files, shard)
        self._waiting: list[Stored] = []
        self._remove_unlisted()

    def __str__(self) -> str:
        return f"{self._files}, shard {self._shard}"

    @property
    def position(self) -> int:
        """Everything up to here is archived."""
        return self._manifest.position if self._manifest is not None else 0

    def waiting(self) -> list[Stored]:
        """What the next file would hold: at most ``part_rows`` records."""
        after = self._waiting[-1].position if self._waiting else self.position
        while wanted := min(BATCH, self._part_rows - len(self._waiting)):
            batch = self._journal.read(after, wanted)
            if not batch:
                break
            self._waiting += batch
            after = batch[-1].position
        return self._waiting

    def is_due(self, now_us: int) -> bool:
        """Whether a whole file's records wait, or one has waited for an hour."""
        waiting = self.waiting()
        return bool(waiting) and (len(waiting) == self._part_rows or now_us - waiting[0].time_us > WAIT_US)

    def last_position(self) -> int:
        """The journal's newest position."""
        return self._journal.last_position()

    def archive(self) -> int:
        """Make one file of what waits; how many records it has, 0 if nothing waits.

        Raises:
            ArchiveError: it could not be written; nothing is listed, the next call tries again.
            CorruptRecord: the journal has a gap, or a settlement of a decision that is nowhere.
        """
        batch = self.waiting()
        if not batch:
            return 0
        decisions = self._write_decisions(batch)
        first, last = batch[0].position, batch[-1].position
        name = f"{folder_of(self._shard)}/part-{first:012d}-{last:012d}.parquet"
        records = self._write(name, write_rows(batch), len(batch), first, last)
        before = self._manifest or Manifest(shard=self._shard, journal=identity_of(batch[0]), position=0)
        after = msgspec.structs.replace(
            before,
            position=last,
            records=(*before.records, records),
            decisions=(*before.decisions, *decisions),
        )
        write_manifest(self._files, after)
        self._manifest, self._waiting = after, []
        return len(batch)

    def mend(self) -> Mended:
        """Check every file, and make anew what is damaged: see ``archive.mend``."""
        mended = mend(self._files, self._shard, self._journal)
        self._manifest = read_manifest(self._files, self._shard)
        return mended

    def _write_decisions(self, batch: list[Stored]) -> list[Part]:
        first, last = batch[0].position, batch[-1].position
        folders: defaultdict[str, list[Settled]] = defaultdict(list)
        for settled in settled_in(batch, self._before):
            folders[settled.folder].append(settled)
        # Named by where it begins: whoever was killed before the manifest writes over what it left.
        return [
            self._write(f"{folder}/{self._own}{first:012d}.parquet", write_decisions(rows), len(rows), first, last)
            for folder, rows in folders.items()
        ]

    def _before(self, position: int) -> Stored | None:
        """A record that is in an earlier file; in the journal, too, unless it was cut there."""
        kept = self._journal.read(position - 1, 1)
        if kept and kept[0].position == position:
            return kept[0]
        return History(self._files, self._shard, self._journal).at(position)

    def _write(self, name: str, content: bytes, rows: int, first: int, last: int) -> Part:
        self._files.put(name, content)
        return Part.of(name, content, rows, first=first, last=last)

    @property
    def _own(self) -> str:
        return f"shard-{self._shard}-"

    def _remove_unlisted(self) -> None:
        unlisted = self._unlisted()
        if unlisted and self._journal.cut_position() > self.position:
            raise ArchiveError(
                f"{self._files}/{unlisted[0]} is in no manifest, and the journal no longer has what came after "
                f"position {self.position}: put the newest {MANIFEST} back"
            )
        for name in unlisted:
            self._files.drop(name)

    def _unlisted(self) -> list[str]:
        listed = {f"{folder_of(self._shard)}/{MANIFEST}"}
        if self._manifest is not None:
            listed |= {part.name for part in (*self._manifest.records, *self._manifest.decisions)}
        found = self._files.names(folder_of(self._shard))
        own = (self._own, f"{TEMPORARY}{self._own}")
        found += [name for name in self._files.names("decisions") if name.rpartition("/")[2].startswith(own)]
        return [name for name in found if name not in listed]
