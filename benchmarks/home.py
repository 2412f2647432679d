"""A home in which Feast has loaded users, and the processes that serve it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from api.settings import SHIPPED_REPO
from feature_repo.seed import write_activity, write_profiles
from features import control_plane

USERS = 1_000
START_SECONDS = 60.0


def prepare(folder: Path) -> Path:
    """Profiles and activity of ``USERS`` users in the online store; returns the home."""
    home, offline, now = folder / "home", folder / "offline", datetime.now(UTC)
    ids = [f"u{number}" for number in range(USERS)]
    write_profiles(
        [
            {"user_id": id, "first_name": "Ada", "language": "en", "region": "north", "tier": "gold", "tenure_days": 90}
            for id in ids
        ],
        offline,
        now,
    )
    write_activity([{"user_id": id, "visits": 12, "purchases": 4, "churn_risk": 0.25} for id in ids], offline, now)
    os.environ["MAITRED_OFFLINE"] = str(offline)
    control_plane.apply_and_materialize(SHIPPED_REPO, home)
    return home


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextlib.contextmanager
def running(arguments: list[str], port: int, path: str, environment: dict[str, str]) -> Iterator[None]:
    """A server as a child process, from its first good answer on ``path`` to the end of the block."""
    process = subprocess.Popen([sys.executable, "-m", *arguments], env={**os.environ, **environment})
    try:
        _wait(f"http://127.0.0.1:{port}{path}", process)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(url, timeout=1.0):
            return
        time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer")
