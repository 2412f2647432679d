"""One spool file: frames behind each other, under the lock of the process that keeps it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

import structlog

from engine.flush import flush
from engine.ids import new_id
from engine.spool.folder import DAMAGED, SUFFIX
from engine.spool.frame import HEADER, Scanned, Waiting, scan

log = structlog.get_logger(__name__)

_UNFINISHED = ".new"
_CHUNK = 1 << 20


class SpoolFile:
    """Append at the end, drain from the start, and remove when nothing is left. Not thread-safe.

    Made by ``create`` and ``adopt``. Whatever touches the disk raises ``OSError`` if that fails.

    Attributes:
        found: the records that were in it when it was opened.
        records: how many wait in it.
        end: its size in bytes.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.found: list[Waiting] = []
        self.records = 0
        self.end = len(HEADER)
        self._descriptor = descriptor
        self._drained = len(HEADER)

    @classmethod
    def create(cls, folder: Path, now_us: int) -> SpoolFile:
        """A new file, on the disk. It has its name only once it is locked, so that nobody else takes it."""
        path = folder / f"{now_us:020}-{os.getpid()}{SUFFIX}"
        unfinished = path.with_suffix(_UNFINISHED)
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _write_whole(descriptor, HEADER, 0)
            os.fsync(descriptor)
            unfinished.rename(path)
            flush(folder)
        except OSError:
            unfinished.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        return cls(path, descriptor)

    @classmethod
    def adopt(cls, path: Path) -> SpoolFile | None:
        """A file whose process is gone, without what is damaged in it; ``None`` if somebody keeps it."""
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return None
        if not _is_locked_by_us(path, descriptor):
            os.close(descriptor)
            return None
        adopted = cls(path, descriptor)
        try:
            adopted._recover()
        except OSError:
            adopted.close()
            raise
        return adopted

    def append(self, frames: Sequence[bytes]) -> None:
        """Behind the others and on the disk. Raises ``OSError`` with nothing appended."""
        content = b"".join(frames)
        try:
            _write_whole(self._descriptor, content, self.end)
            os.fdatasync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self.end)
            raise
        self.end += len(content)
        self.records += len(frames)

    def first(self, most: int) -> Scanned:
        """The first records that were not drained yet. What turns out to be damaged is set aside."""
        scanned = scan(self._content(self._drained, _CHUNK), self._drained, most)
        if not scanned.waiting and self.records:
            scanned = scan(self._content(self._drained, self.end), self._drained, most)
        if not scanned.waiting and self.records:
            self._set_aside(self._drained)
        return scanned

    def drained(self, scanned: Scanned) -> None:
        """What ``first`` gave is in the journal."""
        self._drained = scanned.end
        self.records -= len(scanned.waiting)

    def remove(self) -> None:
        """Delete the file, and let go of it."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let go of the file: whoever finds it drains it."""
        os.close(self._descriptor)

    def _recover(self) -> None:
        content = self._content(0, os.fstat(self._descriptor).st_size)
        self.found, whole = [], 0
        if content.startswith(HEADER):
            self.found, whole = scan(content[len(HEADER) :], len(HEADER))
        if whole < len(content):
            self._set_aside(whole)
        self.end, self.records = whole, len(self.found)

    def _set_aside(self, start: int) -> None:
        """What cannot be read goes into a file of its own, which nobody drains."""
        size = os.fstat(self._descriptor).st_size
        aside = self.path.with_name(f"{self.path.stem}-{start}-{new_id()}{DAMAGED}")
        aside.write_bytes(self._content(start, size))
        flush(aside)
        flush(aside.parent)
        os.ftruncate(self._descriptor, start)
        os.fsync(self._descriptor)
        self.end, self.records = start, 0
        log.error("spool_damaged", file=self.path.name, offset=start, bytes=size - start, kept_in=aside.name)

    def _content(self, start: int, most: int) -> bytes:
        return os.pread(self._descriptor, most, start)


def _is_locked_by_us(path: Path, descriptor: int) -> bool:
    """Whether nobody else keeps it, and nobody drained and removed it while we asked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except (BlockingIOError, FileNotFoundError):
        return False


def _write_whole(descriptor: int, content: bytes, start: int) -> None:
    while content:
        written = os.pwrite(descriptor, content, start)
        content, start = content[written:], start + written
