"""Which place a name has in a vector: the first so many names get one of their own."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from functools import lru_cache

_REMEMBERED = 65_536


class NameSlots:
    """Name → slot, from ``first`` on in order of appearance, at most ``most`` slots in all.

    A slot once given stays: that is why a name that comes later can join a covariance without changing what is there.
    """

    def __init__(self, most: int, first: int = 1) -> None:
        self._most = most
        self._first = first
        self._slots: dict[str, int] = {}

    def __len__(self) -> int:
        """Slots in use, the reserved ones included."""
        return self._first + len(self._slots)

    @property
    def names(self) -> tuple[str, ...]:
        """In order of their slots."""
        return tuple(self._slots)

    def give(self, names: Iterable[str]) -> None:
        """A slot for each name, as long as there are any."""
        for name in names:
            if name not in self._slots and len(self) < self._most:
                self._slots[name] = len(self)

    def find(self, name: str) -> int | None:
        """The slot of a name; ``None`` if it has none."""
        return self._slots.get(name)

    def restore(self, names: Iterable[str]) -> None:
        """Start with these names instead."""
        self._slots = {}
        self.give(names)


@lru_cache(_REMEMBERED)
def digest(name: str) -> int:
    """32 bits of a name, the same in every process."""
    return zlib.crc32(name.encode("utf-8", "surrogatepass"))
