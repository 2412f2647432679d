"""Keeps the learner running beside the API: started with it, restarted when it dies, ended with it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from types import TracebackType

import structlog

log = structlog.get_logger(__name__)

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
STOP_SECONDS = 10.0


class LearnerProcess:
    """A context manager around ``maitred learn`` as a child process."""

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._watch = threading.Thread(target=self._keep_running, name="learner-watch", daemon=True)

    def __enter__(self) -> LearnerProcess:
        if self._enabled:
            self._start()
            self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        with self._lock:
            child = self._child
        if child is None:
            return
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        self._watch.join()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "api.cli", "learn", "--parent", str(os.getpid())]
        with self._lock:
            self._child = subprocess.Popen(command)
            return self._child

    def _keep_running(self) -> None:
        delay = FIRST_DELAY_SECONDS
        child = self._child
        while child is not None:
            code = child.wait()
            if self._stop.is_set():
                return
            log.error("learner_died", code=code, restart_in_seconds=delay)
            if self._stop.wait(delay):
                return
            delay = min(delay * 2, LONGEST_DELAY_SECONDS)
            child = self._start()
