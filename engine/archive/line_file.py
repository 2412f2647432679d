"""The file that an export makes: it appears when it is complete, and can be cut back meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

from engine.archive.files import TEMPORARY
from engine.errors import ArchiveError
from engine.flush import flush


@dataclass(slots=True)
class Exported:
    """What became of the settlements that were asked for.

    Attributes:
        lines: in the file; ``skipped`` of them are marked not to be learned or evaluated.
        forgotten: of persons whose key is gone.
        without_action: nothing was eligible.
        unsafe: of no use to Vowpal Wabbit: a value or a number of candidates that it must not see.
        foreign: encoded by an encoder that this software does not have.
    """

    lines: int = 0
    skipped: int = 0
    forgotten: int = 0
    without_action: int = 0
    unsafe: int = 0
    foreign: int = 0


class Mark(NamedTuple):
    """A place in the file, and what had become of the settlements until there."""

    end: int
    done: Exported


START = Mark(0, Exported())


class LineFile:
    """Lines in an open file, counted."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.done = Exported()

    def write(self, line: bytes) -> None:
        """Add a line, given with its end."""
        self._file.write(line)
        self.done.lines += 1

    def mark(self) -> Mark:
        """Where the file ends now."""
        return Mark(self._file.tell(), replace(self.done))

    def cut(self, mark: Mark) -> None:
        """Take back whatever came after a mark."""
        self._file.seek(mark.end)
        self._file.truncate()
        self.done = replace(mark.done)


@contextlib.contextmanager
def appearing(path: Path) -> Iterator[LineFile]:
    """A file that is at ``path`` when the block ends well; otherwise what was there before stays there.

    Raises:
        ArchiveError: it could not be written.
    """
    written = path.with_name(f"{TEMPORARY}{path.name}")
    try:
        with written.open("wb") as file:
            yield LineFile(file)
        flush(written)
        written.replace(path)
        flush(path.parent)
    except OSError as error:
        raise ArchiveError(f"{path} could not be written: {error.strerror}") from error
    finally:
        written.unlink(missing_ok=True)
