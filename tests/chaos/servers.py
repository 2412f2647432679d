"""The servers that a journal lives on, which can be killed and come back."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests import cluster
from tests.chaos.processes import free_port

START_SECONDS = 30.0
POLL_SECONDS = 0.02


class Server(Protocol):
    """One process that keeps records."""

    def kill(self) -> None:
        """As ``kill -9`` does."""
        ...

    def start(self) -> None:
        """Start it again with what it kept; returns at once."""
        ...


class RedisServer:
    """One Redis that syncs its append-only file before every answer.

    Args:
        folder: where it keeps its file.
        under: a command that runs it, and leaves it its process id (``strace -D``).
    """

    def __init__(self, folder: Path, *, under: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.port = free_port()
        self._under = under
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        """Of its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it with what it kept; returns at once."""
        command = [*self._under, redis_program(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--appendonly", "yes", "--appendfsync", "always"], cwd=self.folder, stdout=log, stderr=log
            )

    def wait(self) -> None:
        """Until it has read what it kept and answers."""
        end = time.monotonic() + START_SECONDS
        with redis.Redis(port=self.port, retry=Retry(NoBackoff(), 0)) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.RedisError:
                    if time.monotonic() > end:
                        raise
                    time.sleep(POLL_SECONDS)

    def kill(self) -> None:
        """As ``kill -9`` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def redis_program() -> str:
    """Where redis-server is. Raises ``FileNotFoundError``."""
    program = shutil.which("redis-server")
    if program is None:
        raise FileNotFoundError("redis-server is missing")
    return program


@contextlib.contextmanager
def one_redis(folder: Path, *, under: tuple[str, ...] = ()) -> Iterator[RedisServer]:
    """A Redis for a block."""
    server = RedisServer(folder, under=under)
    try:
        server.start()
        server.wait()
        yield server
    finally:
        server.kill()


@contextlib.contextmanager
def six_nodes(folder: Path) -> Iterator[cluster.Cluster]:
    """A cluster for a block."""
    folder.mkdir(parents=True, exist_ok=True)
    with cluster.running_cluster(redis_program(), folder) as whole:
        yield whole
