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
from api.settings import Settings
from api.wiring import build_learner
from engine.errors import CorruptRecord, JournalError
from engine.learn import Learner

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
        _become_the_only_learner(settings.home / "learner.lock", stack, stop, parent)
        os.nice(NICENESS)
        _run(build_learner(settings), stop, parent)


def _run(learner: Learner, stop: threading.Event, parent: int | None) -> None:
    learner.restore()
    log.info("learner_ready", position=learner.fold.position)
    while not stop.is_set() and not _orphaned(parent):
        try:
            busy = learner.step()
        except CorruptRecord:
            raise  # reading it again would not mend it
        except JournalError:
            log.exception("journal_unreachable")
            busy = False
        if not busy:
            stop.wait(IDLE_SECONDS)


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
