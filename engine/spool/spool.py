"""The spool: what is kept on the local disk for a journal that is out of reach."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from engine.errors import CorruptRecord, SpoolFull
from engine.journal.base import UNPLACED, Appended, BeforeCommit, Stored
from engine.records.codec import kind_of
from engine.records.schema import AnyRecord, DecisionRecord
from engine.spool.file import SpoolFile
from engine.spool.folder import MAX_BYTES, SUFFIX
from engine.spool.frame import Scanned, Waiting, framed, scan
from features.clock import Clock, wall_clock


class Batch(NamedTuple):
    """The first records that wait, and the file they are in."""

    file: SpoolFile
    scanned: Scanned

    @property
    def records(self) -> list[AnyRecord]:
        """In the order in which they were taken."""
        return [waiting.record for waiting in self.scanned.waiting]


class Spool:
    """Implements ``Appends`` for one process and one shard of the journal. Thread-safe.

    Every process has a file of its own, from its first record until all are drained, and takes over those of processes
    that are gone. Only records that count once by their own id may be spooled: the journal may have them already.

    Args:
        folder: of the shard; processes share it.
        max_bytes: how much one process keeps in all of its files.
        before_append: as the journal has it: makes durable what records rely on.
    """

    def __init__(
        self,
        folder: Path,
        max_bytes: int = MAX_BYTES,
        before_append: BeforeCommit | None = None,
        clock: Clock = wall_clock,
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._before_append = before_append
        self._clock = clock
        self._lock = threading.Lock()
        self._own: SpoolFile | None = None
        self._adopted: tuple[SpoolFile, ...] = ()
        self._decisions: dict[str, bytes] = {}

    @property
    def size(self) -> int:
        """Bytes in the files."""
        return sum(file.end for file in self._files())

    @property
    def records(self) -> int:
        """How many wait."""
        return sum(file.records for file in self._files())

    def append(self, records: Sequence[AnyRecord]) -> list[Appended]:
        """Keep records until the journal is back; on the disk when it returns. No decision is kept twice.

        Raises:
            SpoolFull: there is no room for them, or the disk fails; nothing was kept.
            CorruptRecord: one of them cannot be written, or has no id by which it would count once.
        """
        if self._before_append is not None:
            self._before_append()
        with self._lock:
            frames: list[bytes] = []
            decisions: dict[str, bytes] = {}
            places = [self._take(record, self._clock(), frames, decisions) for record in records]
            self._write(frames)
            self._decisions.update(decisions)
        return places

    def find(self, decision_id: str) -> Stored | None:
        """A decision that waits. Costs microseconds, and never waits for the disk."""
        frame = self._decisions.get(decision_id)
        if frame is None:
            return None
        (waiting,) = scan(frame, 0).waiting
        return Stored(UNPLACED, waiting.time_us, waiting.record)

    def adopt(self) -> int:
        """Take over the files of processes that are gone; how many records were in them. Raises ``OSError``."""
        found = 0
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            file = SpoolFile.adopt(path)
            if file is not None:
                found += self._take_over(file)
        return found

    def first(self, most: int) -> Batch | None:
        """What is to be drained next; ``None`` if nothing waits. Raises ``OSError``."""
        with self._lock:
            for file in self._files():
                scanned = file.first(most)
                if scanned.waiting:
                    return Batch(file, scanned)
                self._remove(file)
        return None

    def drained(self, batch: Batch) -> None:
        """The journal has these records. Raises ``OSError`` if an empty file cannot be removed."""
        with self._lock:
            batch.file.drained(batch.scanned)
            for record in batch.records:
                if isinstance(record, DecisionRecord):
                    self._decisions.pop(record.id, None)
            if not batch.file.records:
                self._remove(batch.file)

    def close(self) -> None:
        """Let go of the files: whoever comes next drains what waits."""
        with self._lock:
            for file in self._files():
                file.close()
            self._own, self._adopted = None, ()

    def _take(self, record: AnyRecord, now_us: int, frames: list[bytes], decisions: dict[str, bytes]) -> Appended:
        if record.idempotency_key is None:
            raise CorruptRecord(f"a {kind_of(record)} record has no id by which it would count once")
        if not isinstance(record, DecisionRecord):
            frames.append(framed(Waiting(now_us, record)))
        elif record.id in self._decisions or record.id in decisions:
            return Appended(UNPLACED, now_us, duplicate=True, spooled=True)
        else:
            decisions[record.id] = framed(Waiting(now_us, record))
            frames.append(decisions[record.id])
        return Appended(UNPLACED, now_us, duplicate=False, spooled=True)

    def _write(self, frames: Sequence[bytes]) -> None:
        if self.size + sum(map(len, frames)) > self._max_bytes:
            raise SpoolFull(f"the journal is out of reach, and the spool has {self.size} of {self._max_bytes} bytes")
        try:
            if self._own is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._own = SpoolFile.create(self._folder, self._clock())
            self._own.append(frames)
        except OSError as error:
            raise SpoolFull(f"the journal is out of reach, and the spool cannot be written: {error}") from error

    def _take_over(self, file: SpoolFile) -> int:
        with self._lock:
            self._adopted = (*self._adopted, file)
            for waiting in file.found:
                if isinstance(waiting.record, DecisionRecord):
                    self._decisions.setdefault(waiting.record.id, framed(waiting))
        found, file.found = len(file.found), []
        return found

    def _remove(self, file: SpoolFile) -> None:
        file.remove()
        self._adopted = tuple(other for other in self._adopted if other is not file)
        if self._own is file:
            self._own = None

    def _files(self) -> tuple[SpoolFile, ...]:
        own = self._own
        return self._adopted if own is None else (*self._adopted, own)
