"""Keeps a child process running: started, restarted when it dies, ended with whoever keeps it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep running.

    Attributes:
        name: what logs, counts and the doctor call it.
        environment: beside the keeper's own.
        descriptors: of the keeper's open files that it inherits.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()

    def start(self) -> subprocess.Popen[bytes]:
        """Start it. Raises ``OSError``."""
        environment = {**os.environ, **self.environment}
        return subprocess.Popen(self.command, env=environment, pass_fds=self.descriptors)


Died = Callable[[Child, int], None]
"""Is told which child died, and with which exit code (negative: the signal that killed it)."""


def unwatched(_: Child, __: int) -> None:
    """Nobody wants to know."""


class Kept:
    """A child that runs from ``start`` to ``end``, however often it dies in between. Also a context manager.

    Args:
        died: called before each restart, in a thread of its own for each child.
    """

    def __init__(self, child: Child, *, backoff: Backoff | None = None, died: Died = unwatched) -> None:
        self.child = child
        self._backoff = backoff or Backoff()
        self._died = died
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._watch = threading.Thread(target=self._keep_running, name=f"{child.name} watch", daemon=True)

    @property
    def pid(self) -> int | None:
        """Of the process that runs now, or ran last."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the child and watch over it. Raises ``OSError`` if it cannot be started even once."""
        self._start()
        self._watch.start()

    def end(self) -> None:
        """Ask the child to end (SIGTERM), and start it no more. Does not wait."""
        with self._lock:  # after this no process is started
            self._ending.set()
        self.send(signal.SIGTERM)

    def send(self, order: signal.Signals) -> None:
        """Send a signal to the process that runs now, if one does."""
        if self._process is not None:
            self._process.send_signal(order)

    def join(self, seconds: float) -> None:
        """Wait until it has ended, and kill it if it has not by then."""
        if self._process is None:
            return
        self._watch.join(seconds)
        if self._watch.is_alive():
            log.error("child_killed", child=self.child.name, after_seconds=round(seconds, 1))
            self.send(signal.SIGKILL)
            self._watch.join()

    @property
    def ended(self) -> bool:
        """Whether it has ended for good."""
        return not self._watch.is_alive()

    def __enter__(self) -> Kept:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()
        self.join(STOP_SECONDS)

    def _start(self) -> None:
        with self._lock:
            if not self._ending.is_set():
                self._process = self.child.start()

    def _keep_running(self) -> None:
        delay: float | None = None
        while self._process is not None:
            started = time.monotonic()
            code = self._process.wait()
            if self._ending.is_set():
                return
            self._died(self.child, code)
            delay = self._backoff.after(delay, time.monotonic() - started)
            log.error("child_died", child=self.child.name, code=code, restart_in_seconds=delay)
            if self._ending.wait(delay):
                return
            self._start_again()

    def _start_again(self) -> None:
        try:
            self._start()
        except OSError:
            log.exception("child_not_started", child=self.child.name)
