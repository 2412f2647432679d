"""What of a folder's files is on the disk for certain, by the record of every change and every sync.

A write is safe once a sync of its file, begun after the write had ended, has ended. Of the rest a loss of power may
leave anything; ``cut`` leaves zeros, or nothing where the file ended with it. A file whose length was safe does not get
shorter by writes within it: SQLite takes an empty file for a new database, and drops the write-ahead log beside it.
"""

from __future__ import annotations

import os
import random
import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.power.strace import Call, calls

_DESCRIPTOR = re.compile(r"\d+<([^>]*)>")
_NAMES = re.compile(r'"([^"]*)"')
_POSITIONED = re.compile(r", (\d+), (\d+)$")
_LENGTH = re.compile(r", (\d+)$")
SYNCS = ("fsync", "fdatasync")
APPENDS = ("write", "writev")
POSITIONED = ("pwrite64", "pwritev")
RENAMES = ("rename", "renameat", "renameat2")
REMOVALS = ("unlink", "unlinkat")


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of a file that were written; ``ended`` is the line of the record on which the write had ended."""

    start: int
    stop: int
    ended: int


@dataclass(slots=True)
class File:
    """How long it is, as far as the record tells, how long for certain, and what of it no sync has covered."""

    size: int = 0
    safe: int = 0
    unsynced: list[Span] = field(default_factory=list)

    def write(self, start: int, length: int, ended: int) -> None:
        """Bytes were written."""
        self.size = max(self.size, start + length)
        self.unsynced.append(Span(start, start + length, ended))

    def truncate(self, size: int) -> None:
        """It ends here now."""
        self.size, self.safe = size, min(size, self.safe)
        kept = (Span(each.start, min(each.stop, size), each.ended) for each in self.unsynced)
        self.unsynced = [each for each in kept if each.start < each.stop]

    def sync(self, begun: int) -> None:
        """Whatever had been written when the sync began is safe."""
        self.safe = max([self.safe, *(each.stop for each in self.unsynced if each.ended < begun)])
        self.unsynced = [each for each in self.unsynced if each.ended >= begun]


@dataclass(slots=True)
class Disk:
    """The files below ``root``, by their names now."""

    root: Path
    files: dict[Path, File] = field(default_factory=dict)

    @classmethod
    def recorded(cls, root: Path, lines: list[str]) -> Disk:
        """As the record of ``recording_changes`` leaves it."""
        disk = cls(root.resolve())
        for call in calls(lines):
            if call.result is None or call.result >= 0:
                disk.take(call)
        return disk

    def take(self, call: Call) -> None:
        """One more call. Of one that has not ended, a write may be there and a sync cannot be counted on."""
        if call.name in POSITIONED and (found := _POSITIONED.search(call.arguments)):
            self._of(call).write(int(found[2]), int(found[1]), call.ended)
        elif call.name in APPENDS and (found := _LENGTH.search(call.arguments)):
            file = self._of(call)
            file.write(file.size, int(found[1]), call.ended)
        elif call.result is None:
            return
        elif call.name in SYNCS:
            self._of(call).sync(call.begun)
        elif call.name == "ftruncate" and (found := _LENGTH.search(call.arguments)):
            self._of(call).truncate(int(found[1]))
        elif call.name == "openat" and "O_TRUNC" in call.arguments:
            self.files.pop(self._named(call)[0], None)
        elif call.name in RENAMES:
            old, new = self._named(call)[:2]
            self.files[new] = self.files.pop(old, File())
        elif call.name in REMOVALS:
            self.files.pop(self._named(call)[0], None)

    def cut(self, copy: Path, luck: random.Random, *, lost: float = 1.0) -> int:
        """Take from a copy of ``root`` what need not be on the disk, each write with probability ``lost``.

        Returns how many writes were taken.
        """
        taken = 0
        for path, file in self.files.items():
            if path.is_relative_to(self.root) and (target := copy / path.relative_to(self.root)).is_file():
                gone = [each for each in file.unsynced if luck.random() < lost]
                _zero(target, gone, file.safe)
                taken += len(gone)
        return taken

    def _of(self, call: Call) -> File:
        found = _DESCRIPTOR.match(call.arguments)
        return self.files.setdefault(Path(found[1] if found else ""), File())

    def _named(self, call: Call) -> list[Path]:
        return [self.root / name for name in _NAMES.findall(call.arguments)]


def _zero(path: Path, spans: list[Span], safe: int) -> None:
    with path.open("r+b") as file:
        for span in sorted(spans, key=lambda span: -span.start):
            size = file.seek(0, os.SEEK_END)
            end = span.stop if span.stop < size else min(size, max(span.start, safe))
            if span.stop >= size:
                file.truncate(end)
            file.seek(span.start)
            file.write(bytes(max(0, end - span.start)))
