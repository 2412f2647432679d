"""Reading a journal only while it is not known to be out of reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.errors import OutOfReach
from engine.journal.base import Stored
from engine.journal.breaker import Breaker


class Log(Protocol):
    """A journal as whoever follows it sees it."""

    def read(self, after: int, limit: int) -> list[Stored]:
        """See ``Journal.read``."""
        ...

    def last_position(self) -> int:
        """See ``Journal.last_position``."""
        ...


@dataclass(frozen=True, slots=True)
class ReachableLog:
    """Implements ``Log``. Raises ``OutOfReach`` at once where one of the breakers is open, and nobody has to wait."""

    journal: Log
    breakers: Sequence[Breaker]

    def read(self, after: int, limit: int) -> list[Stored]:
        """See ``Journal.read``."""
        self._check()
        return self.journal.read(after, limit)

    def last_position(self) -> int:
        """See ``Journal.last_position``."""
        self._check()
        return self.journal.last_position()

    def _check(self) -> None:
        if any(breaker.is_open for breaker in self.breakers):
            raise OutOfReach("the journal is out of reach")
