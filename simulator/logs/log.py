"""A log that can be read: where its rows come from, and what they must be."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from simulator.logs.check import Checker, Rules
from simulator.logs.faults import Faults
from simulator.logs.schema import LoggedBatch


class Reader(Protocol):
    """Reads rows that nobody has checked yet."""

    @property
    def taken_for(self) -> str:
        """What it reads, in words."""
        ...

    def batches(self, faults: Faults, columns: Collection[str] | None = None) -> Iterator[LoggedBatch]:
        """Rows in their order; what is no row at all goes to ``faults``.

        Args:
            columns: of ``LOG``, if not all are wanted; a reader that would save nothing may give more.

        Raises:
            UnreadableLog: nothing may be believed: it is truncated, damaged, or has no such columns.
        """
        ...


@dataclass(frozen=True)
class Log:
    """Rows from a reader, checked by rules. It may be read as often as its source can.

    Attributes:
        reader: where the rows come from.
        rules: what they must be.
    """

    reader: Reader
    rules: Rules = field(default_factory=Rules)

    @property
    def taken_for(self) -> str:
        """What it was taken for, and why."""
        return self.reader.taken_for

    def batches(self, faults: Faults, columns: Collection[str] | None = None) -> Iterator[LoggedBatch]:
        """The good rows, with the columns that are wanted; ``faults`` counts both good and bad. Raises like readers."""
        checker = Checker(self.rules, faults)
        for batch in self.reader.batches(faults, columns):
            good = checker.check(batch)
            if len(good):
                yield good
