"""What was refused or made safe, counted: in memory at once, on disk a moment later, never in anybody's way."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import structlog

from engine.quarantine_file import OTHER, Quarantined, QuarantineFile
from engine.refusal import Note, Refusal, Where, unnoted
from features.clock import Clock, wall_clock

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 1.0
MOST_PENDING = 500
LONGEST_SUBJECT = 160

_DISK_ERRORS = (sqlite3.Error, OSError)

Key = tuple[Where, str, str]


@dataclass(slots=True)
class _Tally:
    count: int
    first_us: int
    last_us: int
    decision_id: str | None
    position: int

    def add(self, later: _Tally) -> None:
        self.count += later.count
        self.last_us = later.last_us
        self.decision_id = later.decision_id or self.decision_id
        self.position = max(self.position, later.position)


class Quarantine:
    """Counts refusals by place, subject and reason, and writes the counts to disk in a thread of its own.

    A disk that is full, slow, locked or broken costs nothing but the counts that do not fit into memory meanwhile.
    Use it as a context manager, or ``start`` and ``close`` it.

    Args:
        watch: is told every refusal as well.
    """

    def __init__(
        self, path: Path, clock: Clock = wall_clock, *, watch: Note = unnoted, every_s: float = FLUSH_SECONDS
    ) -> None:
        self._file = QuarantineFile(path)
        self._clock = clock
        self._watch = watch
        self._every_s = every_s
        self._pending: dict[Key, _Tally] = {}
        self._lock = threading.Lock()
        self._disk = threading.Lock()
        self._broken = False
        self._noted_position = self._newest_position()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_flushing, name="quarantine", daemon=True)

    def note(self, refusal: Refusal) -> None:
        """Count it. A record of the journal counts once, however often the journal is read again."""
        if 0 < refusal.position <= self._noted_position:
            return
        self._watch(refusal)
        now_us = self._clock()
        key = refusal.where, _printable(refusal.subject), refusal.reason
        with self._lock:
            self._add(key, _Tally(1, now_us, now_us, refusal.decision_id, refusal.position))

    def rows(self) -> list[Quarantined]:
        """Everything counted so far, newest first. Reads the disk, and never raises: what is there is told."""
        self.flush()
        with self._lock:
            waiting = _entries(self._pending)
        return waiting + self._stored()

    def counted(self, where: Where) -> dict[str, int]:
        """Reason → how often, for one place, as far as it is on disk: by every process of the deployment."""
        try:
            return self._file.counted(where)
        except _DISK_ERRORS as error:
            self._complain(error)
            return {}

    def flush(self) -> None:
        """Write what is pending; keep it if that fails."""
        with self._disk:
            with self._lock:
                taken, self._pending = self._pending, {}
            try:
                if taken:
                    self._file.add(_entries(taken))
                self._broken = False
            except _DISK_ERRORS as error:
                self._file.close()
                self._put_back(taken)
                self._complain(error)

    def start(self) -> None:
        """Begin writing to disk."""
        self._thread.start()

    def close(self) -> None:
        """Write what is left and end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()
        self._file.close()

    def __enter__(self) -> Quarantine:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _keep_flushing(self) -> None:
        while not self._stop.wait(self._every_s):
            if self._pending:
                self.flush()

    def _add(self, key: Key, tally: _Tally) -> None:
        """Subjects may be made up by whoever sends requests; places and reasons are few."""
        if key not in self._pending and len(self._pending) >= MOST_PENDING:
            where, _, reason = key
            key = where, OTHER, reason
        held = self._pending.setdefault(key, tally)
        if held is not tally:
            held.add(tally)

    def _put_back(self, taken: dict[Key, _Tally]) -> None:
        with self._lock:
            newer, self._pending = self._pending, taken
            for key, tally in newer.items():
                self._add(key, tally)

    def _complain(self, error: Exception) -> None:
        if not self._broken:
            log.warning("quarantine_not_written", error=str(error))
        self._broken = True

    def _stored(self) -> list[Quarantined]:
        try:
            return self._file.rows()
        except _DISK_ERRORS as error:
            self._complain(error)
            return []

    def _newest_position(self) -> int:
        return max((row.position for row in self._stored()), default=0)


def _entries(tallies: Mapping[Key, _Tally]) -> list[Quarantined]:
    return [
        Quarantined(
            where=where,
            subject=subject,
            reason=reason,
            count=tally.count,
            first_us=tally.first_us,
            last_us=tally.last_us,
            decision_id=tally.decision_id,
            position=tally.position,
        )
        for (where, subject, reason), tally in tallies.items()
    ]


def _printable(subject: str) -> str:
    """It is shown in terminals and pages: what could steer them becomes a question mark."""
    text = subject[:LONGEST_SUBJECT]
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)
