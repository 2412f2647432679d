"""Do bots wait longer while the learner works as fast as it can?"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.doctor.heartbeat import read_heartbeat
from benchmarks.home import STOP_SECONDS, free_port, running
from benchmarks.in_process import InProcess, engine_in
from benchmarks.learnable_journal import BATCH, outcome_of
from benchmarks.load import bodies, rate, write_script
from benchmarks.open_loop import latencies_ms
from benchmarks.question import Answer
from benchmarks.size import Size
from engine.journal.sqlite import SqliteJournal

PROMISE = 1.2
SHARE_OF_CAPACITY = 0.3
WINDOW = "1s"
SETTLED_SECONDS = 1.5
"""After which the windows of a backlog are over."""
PATIENCE_SECONDS = 300.0
POLL_SECONDS = 0.05


def measure(home: Path, size: Size) -> list[Answer]:
    """One line: p99 of decisions, in an open loop at 30 % of capacity, with a backlog by without."""
    with ExitStack() as stack:
        deployment = stack.enter_context(_deployment(home, size))
        script = write_script(deployment.home, size.users)
        with deployment.learner():
            capacity = rate(deployment.port, script, size.seconds)
            deployment.wait_until_caught_up()
        load = Load(deployment.port, bodies(size.users), SHARE_OF_CAPACITY * capacity, size.seconds)
        rounds = [_round(deployment, load, size.decisions) for _ in range(size.http_rounds)]
    return [_answer(rounds, capacity)]


@dataclass(frozen=True, slots=True)
class Load:
    """Requests that leave on schedule, ``rate`` a second, for some seconds."""

    port: int
    bodies: list[bytes]
    rate: float
    seconds: int

    def latencies(self) -> list[float]:
        """Milliseconds, the shortest first."""
        return sorted(asyncio.run(latencies_ms(self.port, self.bodies, self.rate, self.seconds)))


@dataclass(frozen=True, slots=True)
class Deployment:
    """A service without a learner; ``engine`` decides what its backlogs consist of."""

    home: Path
    port: int
    engine: InProcess
    environment: dict[str, str]

    @contextmanager
    def learner(self) -> Iterator[int]:
        """A learner at work, for a block; gives its process id."""
        process = subprocess.Popen([sys.executable, "-m", "api.cli", "learn"], env=self.environment)
        try:
            _wait(lambda: self._position(process.pid) is not None)
            yield process.pid
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)

    def add_backlog(self, decisions: int) -> int:
        """So many decisions with an outcome each, whose windows are over; returns the position of the last record."""
        with closing(SqliteJournal(self.home / "journal.db", "process", self.engine.vault.keys.flush)) as journal:
            for first in range(0, decisions, BATCH):
                decided = self.engine.records(range(first, min(first + BATCH, decisions)))
                for records in (decided, [outcome_of(record) for record in decided]):
                    journal.append(records)
            time.sleep(SETTLED_SECONDS)
            return journal.last_position()

    def wait_until_caught_up(self) -> None:
        """Until the learner has read what is there now."""
        with closing(SqliteJournal(self.home / "journal.db", "process")) as journal:
            end = journal.last_position()
        _wait(lambda: self.has_read(end))

    def has_read(self, position: int) -> bool:
        """Whether the learner is as far as that."""
        beat = read_heartbeat(self.home)
        return beat is not None and beat.position >= position

    def _position(self, pid: int) -> int | None:
        beat = read_heartbeat(self.home)
        return beat.position if beat is not None and beat.pid == pid else None


@dataclass(frozen=True, slots=True)
class Round:
    """p50 and p99, in milliseconds: without a learner, with one that follows the live decisions, with a backlog."""

    none: tuple[float, float]
    idle: tuple[float, float]
    busy: tuple[float, float]
    worked: bool


def _round(deployment: Deployment, load: Load, decisions: int) -> Round:
    deployment.add_backlog(decisions)
    none = load.latencies()
    end = deployment.add_backlog(1)
    with deployment.learner():
        busy = load.latencies()
        worked = not deployment.has_read(end)
        deployment.wait_until_caught_up()
        idle = load.latencies()
    return Round(_typical(none), _typical(idle), _typical(busy), worked)


def _typical(latencies: list[float]) -> tuple[float, float]:
    return latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99)]


def _answer(rounds: list[Round], capacity: float) -> Answer:
    ratio = statistics.median(each.busy[1] / each.idle[1] for each in rounds)
    alone = statistics.median(each.busy[1] / each.none[1] for each in rounds)
    none, idle, busy = (
        statistics.median(getattr(each, side)[1] for each in rounds) for side in ("none", "idle", "busy")
    )
    worked = sum(each.worked for each in rounds)
    return Answer(
        f"p99 of decisions at {SHARE_OF_CAPACITY:.0%} of capacity, learner at full speed, by learner idle",
        f"≤ {PROMISE:g} ×",
        f"{ratio:.2f} ×",
        ratio <= PROMISE,
        f"{busy:.1f} by {idle:.1f} ms; without any learner {none:.1f} ms, {alone:.2f} ×; capacity {capacity:,.0f}/s; "
        f"the backlog outlasted the load in {worked} of {len(rounds)} rounds",
        {"ratio": ratio, "busy_ms": busy, "idle_ms": idle, "none_ms": none, "capacity_per_s": capacity},
    )


@contextmanager
def _deployment(home: Path, size: Size) -> Iterator[Deployment]:
    with tempfile.TemporaryDirectory() as name:
        own, port = Path(name), free_port()
        shutil.copytree(home / "features", own / "features")
        engine = engine_in(own, home, size.users, WINDOW)
        variables = {"MAITRED_HOME": name, "MAITRED_CONFIG": str(own / "bot.yaml")}
        with running(["api.cli", "serve", "--no-learner", "--port", str(port)], port, "/readyz", variables):
            yield Deployment(own, port, engine, {**os.environ, **variables})


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("the learner does not catch up")
        time.sleep(POLL_SECONDS)
