"""Texts by line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from simulator.logs.compressed import naming, opened


class Line(NamedTuple):
    """A line without its end; ``number`` counts from 1."""

    number: int
    text: str


class BadLine(ValueError):
    """A line, or a block of them, that is no row."""

    def __init__(self, field: str, expected: str, found: object) -> None:
        super().__init__(field)
        self.field, self.expected, self.found = field, expected, repr(found)[:80]


def lines_of(path: Path, expected: str) -> Iterator[Line]:
    """Every line, plain or gunzipped; what is no UTF-8 is replaced. Raises ``UnreadableLog`` if the end is missing."""
    with naming(path, expected), opened(path) as file:
        for number, line in enumerate(file, 1):
            yield Line(number, line.decode("utf-8", "replace").rstrip("\r\n"))
