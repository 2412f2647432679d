"""What the learner is learning this moment, remembered beyond its death: Vowpal Wabbit may take the process with it."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

_FIELDS = struct.Struct("<qqq")
_POSITION = struct.Struct("<q")
DEADLY = 3
"""So many deaths in a row at one settlement are no accident."""


class Attempts:
    """A few bytes of a mapped file: noting something costs no system call, and survives whatever kills the process.

    After a loss of power it may be wrong, and then costs a learner some more deaths.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._map: mmap.mmap | None = None

    def begin(self) -> int | None:
        """To be called by who begins to learn; the position that killed so many before, if one did. Raises ``OSError``.

        The count begins anew with it: whoever asks must see to it that this settlement is learned no more.
        """
        if self._map is None:
            self._map = _mapped(self._path)
        unfinished, last, deaths = _FIELDS.unpack_from(self._map)
        if unfinished:
            deaths = deaths + 1 if unfinished == last else 1
        is_deadly = deaths >= DEADLY
        _FIELDS.pack_into(self._map, 0, 0, unfinished or last, 0 if is_deadly else deaths)
        return int(unfinished or last) if is_deadly else None

    def note(self, position: int) -> None:
        """This settlement is being learned; 0 for none."""
        if self._map is not None:
            _POSITION.pack_into(self._map, 0, position)


def _mapped(path: Path) -> mmap.mmap:
    """All of it is written, as a page without a place on the disk would be the next thing to kill the process."""
    if not path.exists() or path.stat().st_size != _FIELDS.size:
        path.write_bytes(bytes(_FIELDS.size))
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), _FIELDS.size)
