"""A real deployment: `maitred serve` as a child process with a home of its own, asked over HTTP."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from api.settings import EXAMPLE_CONFIG

START_SECONDS = 60.0
POLL_SECONDS = 0.05


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _descendants(pid: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            children += [int(child) for child in task.read_text().split()]
    return children + [descendant for child in children for descendant in _descendants(child)]


class Deployment:
    """A home, a configuration and, between ``start`` and ``stop`` or ``kill``, the processes that serve it."""

    def __init__(self, home: Path, config: Path, reader: str = "direct") -> None:
        self.home = home
        self.port = _free_port()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30.0)
        self.environment = {
            **os.environ,
            "MAITRED_HOME": str(home),
            "MAITRED_CONFIG": str(config),
            "MAITRED_FEATURES_READER": reader,
        }
        self.log = home / "serve.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        command = [sys.executable, "-m", "api.cli", "serve", "--port", str(self.port), *options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        self.wait_for(self._ready, START_SECONDS)

    def stop(self) -> int:
        assert self._process is not None
        self._process.terminate()
        code = self._process.wait(30)
        self._process = None
        return code

    def kill(self) -> None:
        """kill -9 of the API, the learner and whatever they started."""
        assert self._process is not None
        for pid in (self._process.pid, *_descendants(self._process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def close(self) -> None:
        if self._process is not None:
            self.kill()
        self.client.close()

    def pids(self) -> list[int]:
        assert self._process is not None
        return [self._process.pid, *_descendants(self._process.pid)]

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "api.cli", *arguments]
        return subprocess.run(
            command, env={**self.environment, **environment}, capture_output=True, text=True, timeout=300
        )

    def wait_for(self, condition: Callable[[], Any], seconds: float) -> Any:
        """Poll until the condition holds; fails with the service's log."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := condition():
                return found
            time.sleep(POLL_SECONDS)
        pytest.fail(f"not within {seconds} s; the service said:\n{self.log.read_text()[-4000:]}")

    def ask(self, placement: str, **fields: Any) -> dict[str, Any]:
        response = self.client.post("/v1/decisions", json={"placement": placement, "session_id": "s-1", **fields})
        assert response.status_code == 200, response.text
        return dict(response.json())

    def tell(self, decision_id: str, metric: str, value: float, **fields: Any) -> dict[str, Any]:
        body = {"decision_id": decision_id, "metric": metric, "value": value, **fields}
        response = self.client.post("/v1/outcomes", json=body)
        assert response.status_code == 202, response.text
        return dict(response.json())

    def explain(self, decision_id: str) -> dict[str, Any]:
        response = self.client.get(f"/v1/decisions/{decision_id}")
        assert response.status_code == 200, response.text
        return dict(response.json())

    def journal_position(self) -> float:
        text = self.client.get("/metrics").text
        return float(next(line for line in text.splitlines() if line.startswith("maitred_journal_position")).split()[1])

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            return self.client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture(scope="session")
def quick_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example bot with windows of one second and nobody in the random group."""
    config = yaml.safe_load(EXAMPLE_CONFIG.read_text())
    for placement in config["placements"].values():
        placement["reward"] |= {"window": "1s", "grace": "0s"}
        placement["traffic"] = {"champion": 1.0, "random": 0.0, "control": 0.0}
    path = tmp_path_factory.mktemp("config") / "shop.yaml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False))
    return path


@pytest.fixture(scope="session")
def make_deployment(feast_home: Path, quick_config: Path) -> Callable[..., Deployment]:
    """Makes deployments that share Feast's rows but have journals, keys and snapshots of their own."""

    def make(home: Path, *, config: Path = quick_config, reader: str = "direct") -> Deployment:
        (home / "features").mkdir(parents=True)
        shutil.copy(feast_home / "features" / "plan.json", home / "features" / "plan.json")
        return Deployment(home, config, reader)

    return make


@pytest.fixture(scope="module", params=["direct", "sdk"])
def deployment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, make_deployment: Callable[..., Deployment]
) -> Iterator[Deployment]:
    """A running service, once with either reader."""
    made = make_deployment(tmp_path_factory.mktemp("deployment") / "home", reader=request.param)
    made.start()
    yield made
    made.close()


@pytest.fixture
def own_deployment(tmp_path: Path, make_deployment: Callable[..., Deployment]) -> Iterator[Deployment]:
    """A service of the test's own, to kill."""
    made = make_deployment(tmp_path / "home")
    made.start()
    yield made
    made.close()
