"""What is wrong with a log's rows: each is counted by its reason, the first of each are named, none is kept silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from engine.errors import MaitredError

NAMED = 3
"""Rows that are named of each reason; the others are counted."""


class UnreadableLog(MaitredError):
    """A log of which nothing may be believed; the message names the file and what was expected."""


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a row cannot be used; ``row`` is its line in a text and its number in a table, from 1."""

    row: int
    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"row {self.row:,}: {self.field}: expected {self.expected}, found {self.found}"


@dataclass(slots=True)
class Faults:
    """Counts what a reading found.

    Attributes:
        good: rows that went on.
        bad: field and expectation → how many rows were split off for it; each row counts once.
        named: the first faults of each reason.
    """

    good: int = 0
    bad: Counter[tuple[str, str]] = field(default_factory=Counter)
    named: list[RowFault] = field(default_factory=list)

    def add(self, fault: RowFault) -> None:
        """Count a row that cannot be used."""
        self.add_many([fault], 1)

    def add_many(self, first: Iterable[RowFault], count: int) -> None:
        """Count ``count`` rows that cannot be used for one reason; ``first`` are the first of them."""
        for fault in first:
            reason = (fault.field, fault.expected)
            if self.bad[reason] < NAMED:
                self.named.append(fault)
            self.bad[reason] += 1
            count -= 1
        if count > 0:
            self.bad[reason] += count

    @property
    def count(self) -> int:
        """Rows that were split off."""
        return self.bad.total()

    @property
    def share(self) -> float:
        """The part of all rows that was split off."""
        total = self.good + self.count
        return self.count / total if total else 0.0

    def lines(self) -> Iterator[str]:
        """One line a reason, the most frequent first, each with the first row it was seen in."""
        first = {(fault.field, fault.expected): fault for fault in reversed(self.named)}
        for reason, count in self.bad.most_common():
            yield f"{count:,} rows: {reason[0]}: expected {reason[1]}; first in {first[reason]}"
