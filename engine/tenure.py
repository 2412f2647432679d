"""The learner's office: the right to settle, to learn and to publish, of one at a time."""

from __future__ import annotations

import os
import socket
import time
import uuid
from typing import Protocol

from engine.errors import Fenced
from engine.journal.base import Lease
from features.clock import Clock

TTL_US = 10_000_000
"""So long after a learner has died or frozen another one may take its place."""
RENEWALS = 3
"""So often within this time the lease is renewed."""


class Leases(Protocol):
    """What grants leases: a journal."""

    def lease(self, holder: str, ttl_us: int) -> Lease:
        """See ``Journal.lease``."""
        ...

    def release(self, lease: Lease) -> None:
        """See ``Journal.release``."""
        ...


def steady_clock() -> int:
    """Microseconds since some moment; nobody can set it."""
    return time.monotonic_ns() // 1_000


def own_name() -> str:
    """A name that no other process has, on no machine, and that tells a person which process it is."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"


class Tenure:
    """One candidate's tenure of the office. Safe against sleep: it is the ``epoch`` in each append that protects.

    Args:
        ttl_us: see ``TTL_US``.
    """

    def __init__(self, journal: Leases, holder: str, *, ttl_us: int = TTL_US, clock: Clock = steady_clock) -> None:
        self.holder = holder
        self._journal = journal
        self._ttl_us = ttl_us
        self._clock = clock
        self._lease: Lease | None = None
        self._renew_at_us = 0

    @property
    def epoch(self) -> int:
        """To be the ``fence`` of every append. Raises ``Fenced`` before the office is taken, and when it was lost."""
        if self._lease is None:
            raise Fenced(f"{self.holder} does not hold the learner's lease")
        return self._lease.epoch

    def take(self) -> str:
        """Take the office if it is free; whose it is afterwards. Raises ``JournalError``."""
        lease = self._ask()
        self._lease = lease if lease.holder == self.holder else None
        return lease.holder

    def keep(self) -> bool:
        """Renew the lease when it is time; whether it was.

        Raises:
            Fenced: another has it, or has had it in between.
            JournalError: the journal does not answer; what is to be done then must not depend on it.
        """
        epoch = self.epoch
        if self._clock() < self._renew_at_us:
            return False
        lease = self._ask()
        if (lease.holder, lease.epoch) != (self.holder, epoch):
            self._lease = None
            raise Fenced(f"{lease.holder} has taken the learner's lease (epoch {lease.epoch}, this was {epoch})")
        self._lease = lease
        return True

    def end(self) -> None:
        """Leave the office, so that another can take it at once. Raises ``JournalError``."""
        if self._lease is not None:
            self._journal.release(self._lease)
            self._lease = None

    def _ask(self) -> Lease:
        self._renew_at_us = self._clock() + self._ttl_us // RENEWALS
        return self._journal.lease(self.holder, self._ttl_us)
