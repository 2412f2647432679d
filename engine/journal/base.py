"""The journal's interface: append durably, read in order, find by id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple, Protocol

from engine.records.schema import AnyRecord

UNPLACED = 0
"""Position of a record that waits on the local disk for a journal that is out of reach."""


class Stored(NamedTuple):
    """A record with its place (strictly increasing) and its append time (µs, never decreasing)."""

    position: int
    time_us: int
    record: AnyRecord


def by_key(records: Iterable[Stored]) -> dict[str, Stored]:
    """Records of one kind by their idempotency keys."""
    named = ((stored.record.idempotency_key, stored) for stored in records)
    return {key: stored for key, stored in named if key is not None}


class Appended(NamedTuple):
    """Where a record is now.

    ``duplicate`` means that it was there before: place and time are the first one's. ``spooled`` means that it waits on
    the local disk for a journal that is out of reach: it has no place yet, and whether it is a duplicate is not known.
    """

    position: int
    time_us: int
    duplicate: bool
    spooled: bool = False


class Lease(NamedTuple):
    """Who may settle, learn and publish, until when (journal time, µs).

    ``epoch`` is the fencing token: one more each time the lease changes hands, so whoever held it before can be told
    from whoever holds it now, however long it slept in between.
    """

    holder: str
    epoch: int
    expires_us: int


class Journal(Protocol):
    """An append-only log of records: one shard's, where there are several.

    Contract (``tests/contract/test_journal*.py`` run it over every implementation):
        ``append`` is atomic over its records and durable when it returns. Positions follow one another (1, 2, 3 …) in
        commit order across processes, so a reader that resumes after a position never misses a record, and knows when
        one is missing. A record whose kind and idempotency key are present already is not appended and uses up no
        position; its ``Appended`` names the first one.
    """

    def append(self, records: Sequence[AnyRecord], *, fence: int | None = None) -> list[Appended]:
        """Append in one transaction. Raises ``JournalError`` with nothing appended.

        Args:
            fence: epoch of the lease under which the caller writes. Raises ``Fenced``, with nothing appended, if the
                lease has changed hands since; checked in the same transaction.
        """
        ...

    def lease(self, holder: str, ttl_us: int) -> Lease:
        """Take the learner's lease or renew it; returns the lease in force afterwards.

        It is the caller's if its ``holder`` is the caller's name. Otherwise it is another's that has not expired yet.
        A holder that renews keeps its epoch, also after it expired, as long as nobody took it.
        """
        ...

    def release(self, lease: Lease) -> None:
        """Let the next one take it at once. Does nothing if it changed hands already."""
        ...

    def read(self, after: int, limit: int) -> list[Stored]:
        """At most ``limit`` records with position > ``after``, in order.

        Raises:
            CorruptRecord: bytes were changed, or records that were not cut are missing; names the positions.
        """
        ...

    def find(self, kind: str, key: str) -> Stored | None:
        """The record of this kind (``"decision"``, ``"outcome"`` …) with this idempotency key."""
        ...

    def find_all(self, kind: str, keys: Sequence[str]) -> dict[str, Stored]:
        """Idempotency key → record of this kind, for those that are there. Many cost little more than one."""
        ...

    def about(self, decision_id: str) -> list[Stored]:
        """Every record that belongs to a decision, in order."""
        ...

    def last_position(self) -> int:
        """The newest position; 0 if empty."""
        ...

    def cut(self, position: int, *, fence: int | None = None) -> int:
        """Remove every record that is no control record up to a position; how many that were.

        A ``cut`` control record is appended first; then they go in many small transactions, in which others append and
        read. If it is broken off, the same call or one with a later position removes the rest. With a record its
        idempotency key goes: who sends it again has it appended again.

        Raises:
            JournalError: the journal has no such position.
            Fenced: as ``append``.
        """
        ...

    def cut_position(self) -> int:
        """Up to where the journal was cut; 0 if it is whole."""
        ...

    def close(self) -> None:
        """Release the connection."""
        ...


class Reads(Protocol):
    """What folding asks of a journal, or of a journal and its archive together."""

    def read(self, after: int, limit: int) -> list[Stored]:
        """See ``Journal.read``."""
        ...

    def find(self, kind: str, key: str) -> Stored | None:
        """See ``Journal.find``."""
        ...

    def find_all(self, kind: str, keys: Sequence[str]) -> dict[str, Stored]:
        """See ``Journal.find_all``."""
        ...


class Appends(Protocol):
    """What takes records for good: a journal, or what stands in for one that is out of reach."""

    def append(self, records: Sequence[AnyRecord]) -> list[Appended]:
        """All or none, durable when it returns. Raises ``JournalError``."""
        ...


class Lookup(Protocol):
    """What serving asks of the journal while bots wait: awaited, so that nobody else waits for the answer.

    Both raise ``JournalError``, ``OutOfReach`` among them, if there is no answer.
    """

    async def find(self, kind: str, key: str) -> Stored | None:
        """See ``Journal.find``. A decision may be found at ``UNPLACED``."""
        ...

    async def about(self, decision_id: str) -> list[Stored]:
        """See ``Journal.about``."""
        ...

    def close(self) -> None:
        """Stop asking. The journal stays open."""
        ...


class Commits(Protocol):
    """The journal's face for a serving process: many callers, awaited."""

    async def append(self, records: Sequence[AnyRecord], *, wait_s: float | None = None) -> list[Appended]:
        """``Journal.append`` without blocking other callers; several callers may share one commit.

        Args:
            wait_s: how long to wait for a journal that is slow, where there is another safe place for the records.
        """
        ...

    def in_reach(self, placement: str) -> bool:
        """Whether a placement's decisions can be journaled now, as far as is known."""
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
