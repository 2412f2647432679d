"""A home in which Feast has loaded users, and the processes that serve it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from api.settings import SHIPPED_REPO
from benchmarks.people import USER_ROWS
from feature_repo.seed import write_view
from features.registry import control_plane

START_SECONDS = 60.0
STOP_SECONDS = 30.0


def prepare(folder: Path, users: int) -> Path:
    """Profiles and activity of ``users`` users in the online store; returns the home."""
    home, offline, now = folder / "home", folder / "offline", datetime.now(UTC)
    ids = [f"u{number}" for number in range(users)]
    for view, row in USER_ROWS.items():
        write_view(view, [{**row, "user_id": id} for id in ids], offline, now)
    with environment(MAITRED_OFFLINE=str(offline)):
        control_plane.apply_and_materialize(SHIPPED_REPO, home)
    return home


@contextlib.contextmanager
def environment(**variables: str) -> Iterator[None]:
    """The process's environment with these variables, for a block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def program(name: str, package: str) -> str:
    """Path of an installed program. Raises ``RuntimeError`` that says what to install."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        raise RuntimeError(f"{name} is missing: install {package}")
    return found


@contextlib.contextmanager
def running(arguments: list[str], port: int, path: str, variables: Mapping[str, str]) -> Iterator[int]:
    """A server as a child process, from its first good answer on ``path`` to the end of the block; gives its pid."""
    process = subprocess.Popen([sys.executable, "-m", *arguments], env={**os.environ, **variables})
    try:
        _wait(f"http://127.0.0.1:{port}{path}", process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


@contextlib.contextmanager
def running_redis(folder: Path) -> Iterator[int]:
    """A private redis-server that keeps nothing, for a block; gives its port on the loopback."""
    server, port = program("redis-server", "redis-server"), free_port()
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            if not any("Ready to accept connections" in line for line in process.stdout):
                raise RuntimeError("redis-server did not start")
            yield port
        finally:
            process.terminate()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1.0):
            return
        time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer")
