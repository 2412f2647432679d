"""``maitred serve`` under a supervisor that starts it again whenever it is gone, as an operating system's would."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from engine.journal.base import Durability
from tests.chaos.processes import descendants, free_port, kill, verb_of

START_SECONDS = 60.0
STOP_SECONDS = 60.0
VERB_SECONDS = 900.0
POLL_SECONDS = 0.05


class Deployment:
    """A home, a configuration, and the processes that serve them.

    Args:
        plan: the compiled feature plan; homes that share it share the rows of the online store.
        journal: its URL; empty for the file in the home.
        options: of ``maitred serve``.
        under: a command that runs the service, and leaves it its process id (``strace -D``).

    Attributes:
        starts: how often the API was started.
    """

    def __init__(
        self,
        home: Path,
        config: Path,
        plan: Path,
        journal: str = "",
        *,
        options: tuple[str, ...] = (),
        under: tuple[str, ...] = (),
        durability: Durability = "power",
    ) -> None:
        self.home = home
        self.log = home / "serve.log"
        self.port = free_port()
        self.starts = 0
        self._options = options
        self._under = under
        self._process: subprocess.Popen[bytes] | None = None
        self._not_before = 0.0
        self._environment = {
            **os.environ,
            "MAITRED_HOME": str(home),
            "MAITRED_CONFIG": str(config),
            "MAITRED_JOURNAL": journal,
            "MAITRED_DURABILITY": durability,
        }
        (home / "features").mkdir(parents=True, exist_ok=True)
        (home / "features" / "plan.json").write_bytes(plan.read_bytes())

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> int | None:
        """The process that was started here, if it lives."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    @property
    def pids(self) -> list[int]:
        """Every process of the deployment."""
        return [] if self.api is None else [self.api, *descendants(self.api)]

    def running(self, verb: str) -> list[int]:
        """Those of its processes that run a verb (``learn``)."""
        return [pid for pid in self.pids if verb_of(pid) == verb]

    def start(self) -> None:
        """Start it; returns at once."""
        command = [*self._under, sys.executable, "-m", "api.cli", "serve", "--port", str(self.port), *self._options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        self.starts += 1

    def kill(self, *, pause: float = 0.0) -> None:
        """kill -9 of the API alone; its supervisor starts it again after a pause."""
        self._not_before = time.monotonic() + pause
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def kill_all(self, *, pause: float = 0.0) -> None:
        """kill -9 of the API and everything it started."""
        pids = self.pids
        kill(*pids)
        self.kill(pause=pause)

    async def keep_running(self) -> None:
        """Start it again whenever it is gone; until cancelled."""
        while True:
            if self.api is None and time.monotonic() >= self._not_before:
                self.start()
            await asyncio.sleep(POLL_SECONDS)

    def wait_until_ready(self) -> None:
        """Raises ``RuntimeError`` with the service's own words."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.api is not None and self._is_ready():
                return
            time.sleep(POLL_SECONDS)
        raise RuntimeError(f"the service did not start:\n{self.said()}")

    def stop(self) -> int:
        """End it as an operator does; its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(STOP_SECONDS)

    def run(self, *verb: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Another verb on this deployment, or on a copy of its home."""
        environment = self._environment if home is None else {**self._environment, "MAITRED_HOME": str(home)}
        command = [sys.executable, "-m", "api.cli", *verb]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=VERB_SECONDS, check=False
        )

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text()[-6_000:] if self.log.exists() else ""

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=10.0):
                return True
        except OSError:
            return False
