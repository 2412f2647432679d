"""A table in a CSV file: plain or gzipped, comma-separated, UTF-8, with a header."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple

from simulator.logged.errors import LogRefused

GZIP = b"\x1f\x8b"
SEPARATOR = ","


class Line(NamedTuple):
    """One row as it stands in the file; ``number`` is its last line there, from 1. It may be too short or too long."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A header, and the rows below it."""

    path: Path
    header: tuple[str, ...]
    lines: tuple[Line, ...]

    def index(self, column: str) -> int:
        """Where a column stands. Raises ``LogRefused`` if there is none of this name."""
        if column not in self.header:
            raise LogRefused(f"{self.path}: expected a column {column!r}, found {', '.join(self.header)}")
        return self.header.index(column)


def read_table(path: Path, columns: Sequence[str] = ()) -> Table:
    """The whole file, which must have these columns.

    Raises:
        LogRefused: it cannot be read, is no CSV, has no rows, or lacks a column.
    """
    try:
        with _opened(path) as text:
            table = _table(path, text)
    except (OSError, EOFError) as error:
        raise LogRefused(f"{path}: expected a readable file, found {error}") from error
    except UnicodeDecodeError as error:
        raise LogRefused(f"{path}: expected UTF-8 text, found byte {error.object[error.start]:#04x}") from error
    for column in columns:
        table.index(column)
    return table


def _table(path: Path, text: TextIOWrapper) -> Table:
    reader = csv.reader(text, delimiter=SEPARATOR, strict=True)
    try:
        header = tuple(next(reader, ()))
        lines = tuple(Line(reader.line_num, cells) for cells in reader if cells)
    except csv.Error as error:
        raise LogRefused(f"{path}: line {reader.line_num}: expected CSV, found an error: {error}") from error
    if len(set(header)) < len(header):
        raise LogRefused(f"{path}: line 1: expected each column once, found {', '.join(header)}")
    if not lines:
        raise LogRefused(f"{path}: expected a header and rows, found {'a header only' if header else 'nothing'}")
    return Table(path, header, lines)


def _opened(path: Path) -> TextIOWrapper:
    with path.open("rb") as file:
        is_gzip = file.read(len(GZIP)) == GZIP
    return TextIOWrapper(gzip.open(path) if is_gzip else path.open("rb"), encoding="utf-8-sig", newline="")
