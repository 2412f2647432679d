"""The archived records of one shard, read back: by position, in order, by name."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.archive.files import Files
from engine.archive.manifest import Manifest, Part
from engine.archive.record_rows import RecordRows, write_rows
from engine.errors import CorruptRecord
from engine.journal.base import Stored, by_key
from engine.lru import Lru
from engine.records.codec import kind_of

OPEN_PARTS = 12
Instead = Callable[[Part], list[Stored] | None]
"""The records of a part from elsewhere, if they are all there."""


class ArchivedRecords:
    """Reads what a manifest lists, and checks every file before anything of it is believed.

    Args:
        instead: asked for the records of a file that is missing or damaged.

    Every method raises ``CorruptRecord``, naming the file, if one is missing or damaged and nobody has its records.
    """

    def __init__(self, files: Files, manifest: Manifest, instead: Instead = lambda _: None) -> None:
        self._files = files
        self._parts = manifest.records
        self._instead = instead
        self._ends = [part.last for part in manifest.records]
        self._open: Lru[int, RecordRows] = Lru(OPEN_PARTS)
        self._names: _Names | None = None
        self.position = manifest.position

    def read(self, after: int, limit: int) -> list[Stored]:
        """At most ``limit`` records with position > ``after``, in order."""
        found: list[Stored] = []
        for index in range(bisect_left(self._ends, after + 1), len(self._parts)):
            found += self._rows(index).after(after, limit - len(found))
            if len(found) >= limit:
                break
        return found

    def at(self, position: int) -> Stored | None:
        """The record at a position."""
        return next((stored for stored in self.read(position - 1, 1) if stored.position == position), None)

    def find(self, kind: str, key: str) -> Stored | None:
        """The record of this kind with this idempotency key. The first call reads through every file."""
        return next(
            (
                stored
                for stored in self._named(f"{kind}/{key}")
                if kind_of(stored.record) == kind and stored.record.idempotency_key == key
            ),
            None,
        )

    def find_all(self, kind: str, keys: Sequence[str]) -> dict[str, Stored]:
        """See ``Journal.find_all``."""
        return by_key(stored for key in keys if (stored := self.find(kind, key)) is not None)

    def about(self, decision_id: str) -> list[Stored]:
        """Every record that belongs to a decision, in order. The first call reads through every file."""
        return [stored for stored in self._named(f"={decision_id}") if stored.record.about == decision_id]

    def _named(self, name: str) -> list[Stored]:
        if self._names is None:
            self._names = _Names(self._rows(index) for index in range(len(self._parts)))
        candidates = (self.at(position) for position in self._names.positions(name))
        return [stored for stored in candidates if stored is not None]

    def _rows(self, index: int) -> RecordRows:
        rows = self._open.get(index)
        if rows is None:
            rows = self._checked(self._parts[index])
            self._open.put(index, rows)
        return rows

    def _checked(self, part: Part) -> RecordRows:
        content = self._files.get(part.name)
        if content is not None and part.is_made_of(content):
            return RecordRows(content)
        records = self._instead(part)
        if records is not None:
            return RecordRows(write_rows(records))
        what = "is missing" if content is None else f"is damaged ({len(content)} bytes of {part.size}, or others)"
        raise CorruptRecord(
            f"{self._files}/{part.name} {what}; the journal no longer has positions {part.first} to {part.last}"
        )


class _Names:
    """Where the records of a name are: 16 bytes a name, however many records there are."""

    def __init__(self, parts: Iterable[RecordRows]) -> None:
        named = [_named(rows) for rows in parts]
        hashes = np.concatenate([hashes for hashes, _ in named])
        order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[order]
        self._positions = np.concatenate([positions for _, positions in named])[order]

    def positions(self, name: str) -> list[int]:
        """Positions that may have this name, in order; a few may have another."""
        wanted = np.uint64(_hash(name))
        start, end = np.searchsorted(self._hashes, wanted, "left"), np.searchsorted(self._hashes, wanted, "right")
        return [int(position) for position in self._positions[start:end]]


def _named(rows: RecordRows) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    hashes, positions = list[int](), list[int]()
    for position, kind, key, about in rows.names():
        if key is not None:
            hashes.append(_hash(f"{kind}/{key}"))
            positions.append(position)
        if about is not None:
            hashes.append(_hash(f"={about}"))
            positions.append(position)
    return np.array(hashes, np.uint64), np.array(positions, np.int64)


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
