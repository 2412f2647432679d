"""``maitred learn``: the learner, in a process of its own."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Annotated

import structlog
import typer

from api.cli.failure import reported
from api.doctor.clock_watch import ClockWatch
from api.doctor.heartbeat import LOCK, Pulse
from api.settings import Settings
from api.wiring import build_learner
from engine.errors import CorruptRecord, JournalError, MaitredError
from engine.learn import Learner
from engine.quarantine import Quarantine

log = structlog.get_logger(__name__)

IDLE_SECONDS = 0.05
NICENESS = 10


def learn(
    parent: Annotated[int | None, typer.Option(help="end when this process is no longer the parent")] = None,
) -> None:
    """Read the journal, settle, learn and publish, until told to stop."""
    with reported(), ExitStack() as stack:
        settings = Settings()
        settings.home.mkdir(parents=True, exist_ok=True)
        stop = _stop_on_signals()
        _become_the_only_learner(settings.home / LOCK, stack, stop, parent)
        os.nice(NICENESS)
        quarantine = stack.enter_context(Quarantine(settings.quarantine_path))
        _run(build_learner(settings, quarantine.note), Pulse(settings.home, ClockWatch()), stop, parent)


def _run(learner: Learner, pulse: Pulse, stop: threading.Event, parent: int | None) -> None:
    pulse.beat(learner, "restoring")
    try:
        learner.restore()
        log.info("learner_ready", position=learner.fold.position)
        while not stop.is_set() and not _orphaned(parent):
            if not _step(learner, pulse):
                stop.wait(IDLE_SECONDS)
    except MaitredError as error:
        pulse.beat(learner, "stopped", str(error))
        raise
    pulse.beat(learner, "stopped")


def _step(learner: Learner, pulse: Pulse) -> bool:
    """One step and its heartbeat; True if there is more to do right now."""
    busy, trouble = False, ""
    try:
        busy = learner.step()
    except CorruptRecord:
        raise  # reading it again would not mend it
    except JournalError as error:
        log.exception("journal_unreachable")
        trouble = str(error)
    pulse.beat(learner, "learning", trouble)
    return busy


def _become_the_only_learner(path: Path, stack: ExitStack, stop: threading.Event, parent: int | None) -> None:
    """Wait for the lock; it goes with the process that holds it, however that one ends."""
    lock = stack.enter_context(path.open("w"))
    while not stop.is_set() and not _orphaned(parent):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(IDLE_SECONDS)
        else:
            return


def _orphaned(parent: int | None) -> bool:
    return parent is not None and os.getppid() != parent


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def handle(_: int, __: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return stop
