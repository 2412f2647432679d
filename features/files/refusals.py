"""Rows that could not be loaded, in a file: to be mended there, and loaded from there."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

from features.files.intake import Refused
from features.files.tabular import Misread, Numbered

ROW, REASON = "row", "reason"


class RefusedRows:
    """A CSV file with the columns of the loaded one, after the number of the row and the reason.

    It is made with its first row. Only its owner may read it: it is about people.

    Attributes:
        reasons: how often each was given.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self.reasons: Counter[str] = Counter()
        self._columns = columns
        self._file: IO[str] | None = None

    def add(self, read: Numbered, refused: Iterable[Refused]) -> None:
        """Rows of a batch."""
        for place, reason in refused:
            row = read.batch.slice(place, 1).to_pylist()[0]
            self._write(int(read.numbers[place]), reason, [row[name] for name in self._columns])

    def add_misread(self, lines: Iterable[Misread]) -> None:
        """Lines that are no rows: as they are, in the first column."""
        for number, reason, text in lines:
            self._write(number, reason, [text])

    def close(self) -> None:
        """Complete the file, if there is one."""
        if self._file is not None:
            self._file.close()

    def _write(self, number: int, reason: str, cells: Sequence[object]) -> None:
        if self._file is None:
            self._file = _private(self.path)
            csv.writer(self._file).writerow([ROW, REASON, *self._columns])
        self.reasons[reason] += 1
        csv.writer(self._file).writerow([number, reason, *cells])


def _private(path: Path) -> IO[str]:
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8", newline="")
