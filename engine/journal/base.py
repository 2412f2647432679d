"""The journal's interface: append durably, read in order, find by id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol

from engine.records.schema import AnyRecord


class Stored(NamedTuple):
    """A record with its place (strictly increasing) and its append time (µs, never decreasing)."""

    position: int
    time_us: int
    record: AnyRecord


class Appended(NamedTuple):
    """Where a record is now. ``duplicate`` means that it was there before: place and time are the first one's."""

    position: int
    time_us: int
    duplicate: bool


class Journal(Protocol):
    """An append-only log of records.

    Contract (``tests/contract/test_journal.py`` runs it over every implementation):
        ``append`` is atomic over its records and durable when it returns. Positions increase in commit order across
        processes, so a reader that resumes after a position never misses a record. A record whose kind and
        idempotency key are present already is not appended; its ``Appended`` names the first one.
    """

    def append(self, records: Sequence[AnyRecord]) -> list[Appended]:
        """Append in one transaction. Raises ``JournalError`` with nothing appended."""
        ...

    def read(self, after: int, limit: int) -> list[Stored]:
        """At most ``limit`` records with position > ``after``, in order."""
        ...

    def find(self, kind: str, key: str) -> Stored | None:
        """The record of this kind (``"decision"``, ``"outcome"`` …) with this idempotency key."""
        ...

    def about(self, decision_id: str) -> list[Stored]:
        """Every record that belongs to a decision, in order."""
        ...

    def last_position(self) -> int:
        """The newest position; 0 if empty."""
        ...

    def close(self) -> None:
        """Release the connection."""
        ...


class Commits(Protocol):
    """The journal's face for a serving process: many callers, awaited."""

    async def append(self, records: Sequence[AnyRecord]) -> list[Appended]:
        """``Journal.append`` without blocking other callers; several callers may share one commit."""
        ...

    def start(self) -> None:
        """Begin to take records."""
        ...

    async def close(self) -> None:
        """Commit what was taken, then stop."""
        ...


Durability = Literal["power", "process"]
"""What acknowledged records survive: loss of power (a sync per commit), or the death of the process only."""

BeforeCommit = Callable[[], None]
"""Runs before each commit: makes durable what the records of this commit rely on (their keys)."""
