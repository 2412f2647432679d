"""Whether records are missing: positions follow one another, but for what retention removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Protocol

from engine.errors import CorruptRecord
from engine.journal.base import Stored

NAMED = 5
"""Ranges of positions that a message names."""


class Ends(Protocol):
    """How far a journal goes, and up to where records may be missing."""

    def last_position(self) -> int:
        """See ``Journal.last_position``."""
        ...

    def gaps_end(self) -> int:
        """Up to where positions may be missing, because the journal was cut; it only grows."""
        ...


def contiguous(journal: Ends, after: int, read: Callable[[], list[Stored]]) -> list[Stored]:
    """What ``read`` reads after a position. Raises ``CorruptRecord`` naming positions that should be there."""
    stored = read()
    if not stored:
        last = journal.last_position()
        if last <= after:
            return []
        stored = read()  # again: it may have been appended just now
        _check(journal, after, [] if stored else [last + 1])
    if stored and stored[-1].position - after != len(stored):
        _check(journal, after, [each.position for each in stored])
    return stored


def _check(journal: Ends, after: int, positions: Sequence[int]) -> None:
    # Asked for after the records were read, it explains every gap that a cut made among them meanwhile.
    missing = list(_missing(journal.gaps_end(), [after, *positions])) if positions else []
    if missing:
        more = f" and {len(missing) - NAMED} gaps more" if len(missing) > NAMED else ""
        raise CorruptRecord(f"position {', '.join(missing[:NAMED])}{more}: missing from the journal")


def _missing(gaps_end: int, positions: Sequence[int]) -> Iterator[str]:
    for before, following in pairwise(positions):
        first, last = max(before, gaps_end) + 1, following - 1
        if first <= last:
            yield str(first) if first == last else f"{first} to {last}"
