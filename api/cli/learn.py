"""``maitred learn``: the learner, in a process of its own."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack, suppress
from types import FrameType
from typing import Annotated

import structlog
import typer

from api.cli.failure import reported
from api.doctor.clock_watch import ClockWatch
from api.doctor.heartbeat import Pulse, living
from api.settings import Settings
from api.wiring import build_learner
from engine.errors import CorruptRecord, Diverged, Fenced, Incomplete, JournalError, MaitredError
from engine.learn import BATCH, Learner
from engine.quarantine import Quarantine

log = structlog.get_logger(__name__)

GATHER_SECONDS = 0.1
"""So long it lets records gather, unless there are many: each append is a sync, during which nobody else commits."""
STANDBY_SECONDS = 0.5
NICENESS = 10
FENCED = 3
"""Exit code of a learner whose place was taken while it slept. Started again, it stands by."""
DIVERGED = 4
"""Exit code of a learner whose journal is not what it was. Started again, it starts from what is there."""


def learn(
    shard: Annotated[int, typer.Option(min=0, help="of a journal with several shards, the one to learn from")] = 0,
    parent: Annotated[int | None, typer.Option(help="end when this process is no longer the parent")] = None,
) -> None:
    """Read the journal, settle, learn and publish, until told to stop; while another one does, stand by."""
    with reported(), ExitStack() as stack:
        settings = Settings()
        settings.home.mkdir(parents=True, exist_ok=True)
        stop = _Stop(parent)
        stack.enter_context(living(settings.home, shard))
        os.nice(NICENESS)
        quarantine = stack.enter_context(Quarantine(settings.quarantine_path))
        learner = build_learner(settings, quarantine.note, shard)
        pulse = Pulse(settings.home, ClockWatch(), shard=shard)
        try:
            if _in_office(learner, pulse, stop):
                _run(learner, pulse, stop)
        except (Fenced, Diverged) as error:
            log.error("learner_ends", error=str(error), holder=learner.tenure.holder)
            raise typer.Exit(FENCED if isinstance(error, Fenced) else DIVERGED) from error


class _Stop:
    """Whether to end: after a signal, or when the parent is gone."""

    def __init__(self, parent: int | None) -> None:
        self._parent = parent
        self._told = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def __bool__(self) -> bool:
        return self._told.is_set() or (self._parent is not None and os.getppid() != self._parent)

    def wait(self, seconds: float) -> None:
        """Until told to stop, but not longer than this."""
        self._told.wait(seconds)

    def _handle(self, _: int, __: FrameType | None) -> None:
        self._told.set()


def _in_office(learner: Learner, pulse: Pulse, stop: _Stop) -> bool:
    """Wait for the office; False if told to stop before."""
    told = ""
    while not stop:
        try:
            holder = learner.tenure.take()
        except CorruptRecord:
            raise
        except JournalError as error:
            holder = f"nobody: {error}"
        if holder == learner.tenure.holder:
            return True
        if holder != told:
            log.info("learner_stands_by", holder=holder)
        told = holder
        pulse.stand_by(learner, holder)
        stop.wait(STANDBY_SECONDS)
    return False


def _run(learner: Learner, pulse: Pulse, stop: _Stop) -> None:
    log.info("learner_in_office", holder=learner.tenure.holder, epoch=learner.tenure.epoch)
    pulse.beat(learner, "restoring")
    try:
        learner.restore()
        log.info("learner_ready", position=learner.fold.position)
        while not stop:
            before = learner.fold.position
            _step(learner, pulse)
            if learner.fold.position - before < BATCH:
                stop.wait(GATHER_SECONDS)
        with suppress(JournalError):  # then it is free when it expires
            learner.tenure.end()
    except Fenced:
        raise  # whoever has the office says how it is
    except MaitredError as error:
        pulse.beat(learner, "stopped", str(error))
        raise
    pulse.beat(learner, "stopped")


def _step(learner: Learner, pulse: Pulse) -> None:
    """One step and its heartbeat."""
    trouble = ""
    try:
        learner.step()
    except (CorruptRecord, Diverged, Fenced, Incomplete):
        raise  # trying again would not mend it
    except JournalError as error:
        log.exception("journal_unreachable")
        trouble = str(error)
    pulse.beat(learner, "learning", trouble)
