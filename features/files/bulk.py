"""Many rows into the online store, without Feast but by its rules: older never overwrites newer, parts are merged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple, Protocol, TypeVar

from features.embedded.rowstore import Fate
from features.vector import Scalar

T = TypeVar("T")


class BulkRow(NamedTuple):
    """One row; ``None`` among its ``values`` is known not to be known. ``timestamp_us`` is its event time."""

    key: str
    timestamp_us: int
    values: Mapping[str, Scalar | None]


class BulkWriter(Protocol):
    """Merges rows of one view into the store that serving reads, while it reads."""

    def merge(self, rows: Iterable[BulkRow]) -> list[Fate]:
        """Write rows in small transactions; what became of each.

        A row of the same event time as the stored one is written: so a corrected file can be loaded.

        Raises:
            OSError: the store did not answer. What was merged before stays; merging it again changes nothing.
        """
        ...

    def close(self) -> None:
        """Release the connection."""
        ...


def in_chunks(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most ``size``, made only when they are asked for: between two transactions others have their turn."""
    iterator = iter(rows)
    while chunk := list(islice(iterator, size)):
        yield chunk
