"""In which sessions somebody was seen lately, as the journal knows while it can still be read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from engine.errors import SealError
from engine.journal.base import Stored
from engine.privacy import Vault
from engine.records.schema import DecisionRecord, PersonalPart
from engine.traffic import unit_of

READ_RECORDS = 2_000


class InOrder(Protocol):
    """A journal, as far as it is read from front to back."""

    def read(self, after: int, limit: int) -> list[Stored]:
        """See ``Journal.read``."""
        ...

    def last_position(self) -> int:
        """See ``Journal.last_position``."""
        ...


def known_sessions(journals: Iterable[InOrder], vault: Vault, user_id: str, since_us: int) -> set[str]:
    """Sessions in which decisions were made for a user since then; none once the user's key is destroyed.

    Raises:
        JournalError: a journal or the key table cannot be read.
    """
    unit = unit_of(vault.salts.group, "user", user_id)
    return {session for journal in journals for session in _sessions(journal, vault, unit, since_us)}


def _sessions(journal: InOrder, vault: Vault, unit: str, since_us: int) -> set[str]:
    sessions, position = set(), _before(journal, since_us)
    while records := journal.read(position, READ_RECORDS):
        for stored in records:
            if isinstance(stored.record, DecisionRecord) and stored.record.unit == unit:
                sessions |= _session(stored.record, vault)
        position = records[-1].position
    return sessions


def _session(record: DecisionRecord, vault: Vault) -> set[str]:
    try:
        return {vault.sealer.open(record.key_ref, record.sealed, PersonalPart, record.id.encode()).session_id}
    except SealError:
        return set()


def _before(journal: InOrder, since_us: int) -> int:
    """The last position whose followers are all of then or later, or one before it: times never decrease."""
    low, high = 0, journal.last_position()
    while low < high:
        middle = (low + high) // 2
        following = journal.read(middle, 1)
        if following and following[0].time_us < since_us:
            low = following[0].position
        else:
            high = middle
    return low
