"""Who is told what the spool does."""

from __future__ import annotations

from typing import Protocol


class SpoolWatch(Protocol):
    """Counts. Called on the event loop."""

    def count_spooled(self, records: int) -> None:
        """So many records wait on the local disk now that did not before."""
        ...

    def count_drained(self, records: int, conflicts: int) -> None:
        """So many records went to the journal; so many of them were decisions that it had with other content."""
        ...

    def set_reachable(self, shard: str, reachable: bool) -> None:
        """Whether a shard of the journal answers, as far as is known."""
        ...


class Unwatched:
    """Implements ``SpoolWatch`` and counts nothing."""

    def count_spooled(self, records: int) -> None:
        """See ``SpoolWatch``."""

    def count_drained(self, records: int, conflicts: int) -> None:
        """See ``SpoolWatch``."""

    def set_reachable(self, shard: str, reachable: bool) -> None:
        """See ``SpoolWatch``."""
