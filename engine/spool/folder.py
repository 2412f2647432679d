"""The folder below which spools are, as whoever only looks at it sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from engine.spool.frame import HEADER, scan

MAX_BYTES = 64 * 1024 * 1024
"""What one process keeps for one shard."""

SUFFIX = ".spool"
DAMAGED = ".damaged"


class Seen(NamedTuple):
    """What a spool file holds."""

    path: Path
    size: int
    records: int


def bytes_in(folder: Path) -> int:
    """Size of all spool files, of every shard and process."""
    return sum(_size(path) for path in folder.glob(f"*/*{SUFFIX}"))


def look(folder: Path) -> Iterator[Seen]:
    """Every spool file, counted without touching it. A file that is drained meanwhile is left out."""
    for path in sorted(folder.glob(f"*/*{SUFFIX}")):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        yield Seen(path, len(content), len(scan(content[len(HEADER) :], len(HEADER)).waiting))


def damaged_in(folder: Path) -> list[Path]:
    """What was set aside because it could not be read."""
    return sorted(folder.glob(f"*/*{DAMAGED}"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
