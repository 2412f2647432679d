"""Several workers on one listener, and their learners: kept running by a process that does nothing else.

``maitred serve --workers N`` becomes this process once everything is prepared. It imports next to nothing: what answers
and what learns may crash or grow, what starts them again does not.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import socket
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue

import structlog

from api import children, logs
from api.doctor.children import Register
from api.supervise import Child, Kept

log = structlog.get_logger(__name__)

END_SECONDS = 20.0
"""For everything to end after the first order. Workers need 8 at most, unless a disk or a network lets them wait."""
POLL_SECONDS = 0.05
SHARED = "workers"
"""Folder in the home for what the workers share while they run: counts, so that each can tell the sums, and rates."""

Orders = SimpleQueue[int]


class Supervisor:
    """Runs until it is told to end (``orders`` are signal numbers); a second order ends it sooner."""

    def __init__(self, given: argparse.Namespace, orders: Orders) -> None:
        self._orders = orders
        self._listener = socket.socket(fileno=given.listener)
        self._shared = _emptied(given.home / SHARED)
        numbers = range(1, given.workers + 1)
        workers = {number: children.worker(number, given.listener, self._shared) for number in numbers}
        learners = children.learners(given.learners)
        self._register = Register(given.home, [child.name for child in (*workers.values(), *learners)])
        self._workers = [Kept(child, died=partial(self._worker_died, number)) for number, child in workers.items()]
        self._learners = [Kept(child, died=self._died) for child in learners]

    def run(self) -> signal.Signals:
        """Start everything, keep it running, end it; returns the order that did."""
        try:
            for kept in (*self._workers, *self._learners):
                kept.start()
            return signal.Signals(self._orders.get())
        finally:
            # From now on only workers hold the listener: who of them closes it last has taken all that waited.
            self._listener.close()
            self._end()

    def _end(self) -> None:
        everything = [*self._workers, *self._learners]
        for kept in everything:
            kept.end()
        end = time.monotonic() + END_SECONDS
        while time.monotonic() < end and not all(kept.ended for kept in everything):
            self._hurry_if_told()
        for kept in everything:
            kept.join(0.0)

    def _hurry_if_told(self) -> None:
        try:
            self._orders.get(timeout=POLL_SECONDS)
        except Empty:
            return
        for kept in (*self._workers, *self._learners):
            kept.send(signal.SIGINT)

    def _worker_died(self, number: int, child: Child, code: int) -> None:
        forget_gauges(self._shared, number)
        self._died(child, code)

    def _died(self, child: Child, code: int) -> None:
        self._register.note_death(child.name, code)


def forget_gauges(shared: Path, number: int) -> None:
    """A dead worker's gauges speak for it no longer; what it counted stays counted, and its successor counts on."""
    for gauge in shared.glob(f"gauge_live*_{number}.db"):
        gauge.unlink(missing_ok=True)


def command(listener: int, home: Path, workers: int, learners: int) -> list[str]:
    """What to become."""
    given = {"--listener": listener, "--home": home, "--workers": workers, "--learners": learners}
    return [sys.executable, "-m", "api.supervisor", *(str(word) for option in given.items() for word in option)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 after SIGTERM, 130 after SIGINT, as for one process."""
    logs.configure()
    orders: Orders = SimpleQueue()
    for order in (signal.SIGTERM, signal.SIGINT):
        signal.signal(order, lambda number, _: orders.put(number))
    order = Supervisor(_parser().parse_args(arguments), orders).run()
    return 130 if order == signal.SIGINT else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="api.supervisor")
    parser.add_argument("--listener", type=int, required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--learners", type=int, required=True)
    return parser


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder.absolute()


if __name__ == "__main__":
    sys.exit(main())
