"""The service under test: `maitred serve` as a child process with a home of its own."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from api.settings import EXAMPLE_CONFIG, SHIPPED_REPO
from feature_repo.seed import write_view
from features.registry import control_plane

START_SECONDS = 60.0
STOP_SECONDS = 30.0
VERIFY_SECONDS = 900.0
LEARN_SECONDS = 60.0
POLL_SECONDS = 0.1
OF_THE_CALLER = ("context:", "content")
"""Degraded parts that are a caller's doing: values that do not fit their feature, an action's text that is blank."""


class Target:
    """A running service; use it in a ``with`` statement.

    Args:
        folder: where home, configuration and log go.
    """

    def __init__(self, folder: Path) -> None:
        self.port = _free_port()
        self.home = folder / "home"
        self.log = folder / "serve.log"
        self._folder = folder
        self._environment = {
            **os.environ,
            "MAITRED_HOME": str(self.home),
            "MAITRED_CONFIG": str(folder / "bot.yaml"),
            "MAITRED_OFFLINE": str(folder / "offline"),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Target:
        _load_features(self._folder / "offline", self.home)
        _write_config(self._folder / "bot.yaml")
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "api.cli", "serve", "--port", str(self.port)]
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        self._wait_for("/readyz", START_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The API's process."""
        assert self._process is not None
        return self._process

    def get(self, path: str) -> Any:
        """A JSON document of the service."""
        return json.loads(self._text(path))

    def post(self, path: str, body: Any) -> Any:
        """The answer to a good request."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10.0) as answer:
            return json.load(answer)

    def resident_bytes(self) -> int:
        """Memory of the API's process."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def children(self) -> tuple[int, ...]:
        """Processes that the API started and that still run."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return tuple(sorted(int(pid) for task in tasks for pid in task.read_text().split()))

    def degraded_parts(self) -> set[str]:
        """Parts of the service that failed behind a 200. What a caller's own input lacked is not among them."""
        parts = set(re.findall(r'^maitred_degraded_total\{part="([^"]*)"\}', self._text("/metrics"), re.MULTILINE))
        return {part for part in parts if not part.startswith(OF_THE_CALLER)}

    def still_learns(self) -> bool:
        """Whether a good decision and its outcome are learned, and the model that has them is served."""
        asked = self.post("/v1/decisions", {"placement": "greeting", "session_id": "the last one"})
        outcome = {"decision_id": asked["decision_id"], "metric": "continued", "value": 1.0}
        self.post("/v1/outcomes", outcome)
        end = time.monotonic() + LEARN_SECONDS
        while time.monotonic() < end:
            settlement = self.get(f"/v1/decisions/{asked['decision_id']}")["settlement"]
            if settlement and self.get("/readyz")["models"]["greeting"] != asked["model_version"]:
                return bool(settlement["learned"])
            time.sleep(POLL_SECONDS)
        return False

    def stop(self) -> int:
        """End the service as an operator does; its exit code."""
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)

    def verify(self) -> subprocess.CompletedProcess[str]:
        """``maitred verify`` over what was recorded."""
        command = [sys.executable, "-m", "api.cli", "verify", "--json"]
        return subprocess.run(
            command, env=self._environment, capture_output=True, text=True, timeout=VERIFY_SECONDS, check=False
        )

    def _text(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10.0) as answer:
            return str(answer.read().decode())

    def _wait_for(self, path: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.get(path)
            except urllib.error.URLError:
                time.sleep(POLL_SECONDS)
            else:
                return
        raise RuntimeError(f"the service did not start:\n{self.log.read_text()}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _write_config(path: Path) -> None:
    """The example bot with windows of one second, so that it learns while it is fuzzed."""
    config = yaml.safe_load(EXAMPLE_CONFIG.read_text())
    for placement in config["placements"].values():
        placement["reward"] |= {"window": "1s", "grace": "0s"}
    path.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False))


def _load_features(offline: Path, home: Path) -> None:
    now = datetime.now(UTC)
    users = [f"u-{number}" for number in range(30)]
    write_view("user_profile", [{"user_id": id, "first_name": "Ada", "tier": "gold"} for id in users], offline, now)
    write_view("user_activity", [{"user_id": id, "visits": 3, "purchases": 1} for id in users], offline, now)
    os.environ["MAITRED_OFFLINE"] = str(offline)
    control_plane.apply_and_materialize(SHIPPED_REPO, home)
