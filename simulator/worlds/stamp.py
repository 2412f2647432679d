"""Which content of a file was meant: what was read of it serves every world of a process for as long as it is this."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from simulator.logged.errors import LogRefused


class Stamp(NamedTuple):
    """A file as it was found."""

    path: Path
    modified_ns: int
    size: int


def stamp_of(path: str) -> Stamp:
    """The file's stamp now. Raises ``LogRefused`` if there is none."""
    try:
        found = Path(path).stat()
    except OSError as error:
        raise LogRefused(f"{path}: expected a readable file, found {error}") from error
    return Stamp(Path(path), found.st_mtime_ns, found.st_size)
