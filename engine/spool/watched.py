"""A journal whose appends are watched: failures are told, and so is when the present one began."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from engine.errors import CorruptRecord, Fenced
from engine.journal.base import Appended, Appends
from engine.records.schema import AnyRecord


class WatchedAppends:
    """Implements ``Appends`` around another.

    Args:
        failed: told why, in the appending thread, when the journal itself fails; not when a record or a lease is at
            fault.
        now: in seconds; only differences count.

    Attributes:
        began: when the append that is under way began; ``None`` if there is none.
    """

    def __init__(
        self, journal: Appends, failed: Callable[[str], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._journal = journal
        self._failed = failed
        self.now = now
        self.began: float | None = None

    def append(self, records: Sequence[AnyRecord]) -> list[Appended]:
        """See ``Appends.append``."""
        self.began = self.now()
        try:
            return self._journal.append(records)
        except (CorruptRecord, Fenced):
            raise
        except Exception as error:
            self._failed(str(error))
            raise
        finally:
            self.began = None
