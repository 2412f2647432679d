"""Files that are there when all of them is, never by half."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.archive.files import TEMPORARY
from engine.flush import flush


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Where to write for the block; it is at ``path`` afterwards, unless the block fails."""
    temporary = path.with_name(f"{TEMPORARY}{path.name}")
    try:
        yield temporary
        flush(temporary)
        temporary.replace(path)
        flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_lines(lines: Iterable[bytes], path: Path) -> int:
    """Write lines, each with its end. Returns their number."""
    count = 0
    with whole(path) as place, place.open("wb") as file:
        for line in lines:
            file.write(line)
            count += 1
    return count
