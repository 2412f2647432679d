"""A glance at a journal that Redis keeps: where it ends, without folding it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from api.doctor.glance import End
from engine.errors import ConfigError, JournalError
from engine.journal.base import Durability, Journal
from engine.journal.open import count_shards, open_shard


class RedisGlance:
    """What ``Glance`` is for a file. The server's room is its own: nothing here grows. Raises ``JournalError``.

    Args:
        shard: of the journal, which may be one in a cluster.
    """

    bytes = 0

    def __init__(self, url: str, durability: Durability, shard: int = 0) -> None:
        self._url = url
        self._durability = durability
        self._shard = shard

    @property
    def exists(self) -> bool:
        """Whether it was ever made; also true while that cannot be told."""
        try:
            return count_shards(self._url, make=False) > 0
        except (ConfigError, JournalError):
            return True

    def end(self) -> End:
        """Where the journal ends."""
        with self._reading() as journal:
            newest = journal.read(journal.last_position() - 1, 1)
        return End(newest[-1].position, newest[-1].time_us) if newest else End(0, 0)

    def first_time_after(self, position: int) -> int | None:
        """Append time of the first record after a position; ``None`` if there is none."""
        with self._reading() as journal:
            found = journal.read(position, 1)
        return found[0].time_us if found else None

    def check_newest(self, records: int) -> int:
        """Read the newest records; how many there were. Raises ``CorruptRecord`` naming the first that is none."""
        with self._reading() as journal:
            return len(journal.read(journal.last_position() - records, records))

    def bytes_per_second(self, now_us: int) -> float:
        """None on this machine's disk."""
        return 0.0

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Journal]:
        try:
            journal = open_shard(self._url, self._shard, durability=self._durability)
        except ConfigError as error:
            raise JournalError(str(error)) from error
        with contextlib.closing(journal):
            yield journal
