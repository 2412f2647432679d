"""Keeps the learner running beside the API: started with it, restarted when it dies, ended with it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

import structlog

log = structlog.get_logger(__name__)

STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to wait before a restart: doubled each time, until a process has lived for the longest of them."""

    first: float = 0.5
    longest: float = 30.0

    def after(self, delay: float | None, lived: float) -> float:
        """The next delay; ``delay`` is the last one, ``lived`` how long the process ran after it."""
        return self.first if delay is None or lived >= self.longest else min(delay * 2, self.longest)


def learner_command() -> list[str]:
    """``maitred learn``, ending by itself should this process be killed."""
    return [sys.executable, "-m", "api.cli", "learn", "--parent", str(os.getpid())]


class LearnerProcess:
    """A context manager around a child process that learns; ``command`` is ``learner_command()`` by default."""

    def __init__(self, command: Sequence[str] | None = None, *, enabled: bool = True, backoff: Backoff | None = None):
        self._command = list(command or learner_command())
        self._enabled = enabled
        self._backoff = backoff or Backoff()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._watch = threading.Thread(target=self._keep_running, name="learner-watch", daemon=True)

    @property
    def pid(self) -> int | None:
        """Of the child that runs now, or ran last."""
        return None if self._child is None else self._child.pid

    def __enter__(self) -> LearnerProcess:
        if self._enabled:
            self._start()
            self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:  # after this no child is started
            self._stop.set()
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._watch.join()

    def _start(self) -> None:
        with self._lock:
            if not self._stop.is_set():
                self._child = subprocess.Popen(self._command)

    def _keep_running(self) -> None:
        delay: float | None = None
        while self._child is not None and not self._stop.is_set():
            started = time.monotonic()
            code = self._child.wait()
            delay = self._backoff.after(delay, time.monotonic() - started)
            if self._stop.is_set():
                return
            log.error("learner_died", code=code, restart_in_seconds=delay)
            if not self._stop.wait(delay):
                self._start()
