"""The learner's sign of life: a small file in the home, replaced once a second, that says how far it is."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from api.doctor.clock_watch import ClockWatch, Jump, steady_clock
from engine.learn import Learner
from features.clock import Clock, wall_clock

LOCK = "learner.lock"
"""Held by every learner as long as it lives, in office or not; that of another shard than the first has its number in
its name."""
FILE = "learner.json"
ATTEMPTS = "learner.attempts"
EVERY_US = 1_000_000
SILENT_US = 15_000_000
"""A learner that says nothing for so long hangs, unless it is still folding the journal from its start."""

State = Literal["standby", "restoring", "learning", "stopped"]


class LineageBeat(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned of one placement.

    Attributes:
        learned: settlements in the model, and ``loss`` their mean progressive loss (``engine.lineage.Lineage``).
        refused: what could not be learned safely since the learner started.
    """

    id: str
    settled_position: int
    learned: int
    refused: int
    loss: float = 0.0


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """The learner at one moment.

    Attributes:
        position, journal_time_us: of the newest record it has read.
        open: decisions whose window is open; ``due`` those that are over and not yet settled.
        late, orphans: outcomes after their window, and without a decision, as far as it looked back.
        trouble: what the last step failed with; empty if it did not.
        shard: of the journal; ``epoch`` of the lease.
        waits_for: who has the office instead; empty for who is in office.
    """

    pid: int
    state: State
    started_us: int
    time_us: int
    position: int
    journal_time_us: int
    open: int
    due: int
    late: int
    orphans: int
    lineages: dict[str, LineageBeat]
    clock_jumps: int
    clock_jump: Jump | None
    trouble: str = ""
    shard: int = 0
    epoch: int = 0
    waits_for: str = ""

    def is_silent(self, now_us: int) -> bool:
        """Whether a learner that wrote this and still lives hangs."""
        return self.state != "restoring" and now_us - self.time_us > SILENT_US

    def is_over(self, now_us: int) -> bool:
        """Whether nothing more is to be heard of who wrote this, as far as can be told."""
        return self.state in ("standby", "stopped") or now_us - self.time_us > SILENT_US


class Pulse:
    """Writes the heartbeat of a learner; ``shard`` is the one it learns from."""

    def __init__(
        self,
        home: Path,
        watch: ClockWatch,
        clock: Clock = wall_clock,
        steady: Clock = steady_clock,
        shard: int = 0,
    ) -> None:
        self._shard = shard
        self._path = home / of_shard(FILE, shard)
        self._watch = watch
        self._clock = clock
        self._steady = steady
        self._started_us = clock()
        self._shown: tuple[State, str] | None = None
        self._next_us = 0

    def beat(self, learner: Learner, state: State, trouble: str = "") -> None:
        """Write the heartbeat if a second has passed, or if there is news. A full disk does not stop learning."""
        now_us = self._steady()
        if (state, trouble) == self._shown and now_us < self._next_us:
            return
        self._shown, self._next_us = (state, trouble), now_us + EVERY_US
        self._watch.observe()
        with contextlib.suppress(OSError):
            _replace(self._path, msgspec.json.encode(self._heartbeat(learner, state, trouble)))

    def stand_by(self, learner: Learner, holder: str) -> None:
        """Say who is waited for, unless somebody else in this home says more."""
        with contextlib.suppress(OSError, msgspec.DecodeError):
            last = _read(self._path)
            if last is None or last.pid == os.getpid() or last.is_over(self._clock()):
                self.beat(learner, "standby", holder)

    def _heartbeat(self, learner: Learner, state: State, trouble: str) -> Heartbeat:
        fold = learner.fold
        lineages = {
            name: LineageBeat(
                id=lineage.id,
                settled_position=lineage.settled_position,
                learned=lineage.learned,
                refused=lineage.refused,
                loss=lineage.loss / max(1, lineage.learned),
            )
            for name, lineage in fold.lineages.items()
        }
        return Heartbeat(
            pid=os.getpid(),
            state=state,
            started_us=self._started_us,
            time_us=self._clock(),
            position=fold.position,
            journal_time_us=fold.time_us,
            open=fold.joiner.open_count,
            due=len(fold.joiner.pending()),
            late=fold.joiner.late,
            orphans=fold.joiner.orphans,
            lineages=lineages,
            clock_jumps=self._watch.jumps,
            clock_jump=self._watch.last,
            trouble="" if state == "standby" else trouble,
            shard=self._shard,
            epoch=learner.tenure.epoch if state in ("restoring", "learning") else 0,
            waits_for=trouble if state == "standby" else "",
        )


def of_shard(name: str, shard: int) -> str:
    """The name of a shard's own ``FILE`` or ``LOCK``."""
    stem, _, suffix = name.rpartition(".")
    return f"{stem}-{shard}.{suffix}" if shard else name


def read_heartbeat(home: Path, shard: int = 0) -> Heartbeat | None:
    """The last heartbeat of a shard's learner; ``None`` if none ever ran here.

    Raises:
        OSError: the file cannot be read.
        msgspec.DecodeError: it is no heartbeat.
    """
    return _read(home / of_shard(FILE, shard))


def _read(path: Path) -> Heartbeat | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Heartbeat)
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error


@contextlib.contextmanager
def living(home: Path, shard: int = 0) -> Iterator[None]:
    """Hold the lock with which a learner shows that it lives, however it ends. Raises ``OSError``."""
    with (home / of_shard(LOCK, shard)).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def learner_lives(home: Path, shard: int = 0) -> bool:
    """Whether some process holds the lock of a shard's learners. Raises ``OSError`` if the lock cannot be looked at."""
    try:
        lock = os.open(home / of_shard(LOCK, shard), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}")
    draft.write_bytes(content)
    draft.replace(path)
