"""Two learners on one journal, under load: who is in office freezes, the other takes over, the first wakes too late."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.cli.learn import FENCED
from engine.journal.open import open_journal
from engine.records.schema import ControlRecord, SettlementRecord

LEASE_SECONDS = 2.0
PATIENCE_SECONDS = 90.0
LOCK_SECONDS = 0.5
PLACEMENT = "greeting"


class Load:
    """Asks and reports until told to stop."""

    def __init__(self, port: int) -> None:
        self.decisions = 0
        self._stop = threading.Event()
        self._url = f"http://127.0.0.1:{port}"
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30.0) as client:
            while not self._stop.wait(0.01):
                asked = {"placement": PLACEMENT, "session_id": f"s{self.decisions // 5}"}
                decision = client.post("/v1/decisions", json=asked).json()
                outcome = {"decision_id": decision["decision_id"], "metric": "continued", "value": self.decisions % 2}
                client.post("/v1/outcomes", json=outcome)
                self.decisions += 1


class Watched:
    """What a serving process serves, looked at again and again: it must never go back."""

    def __init__(self, deployment: Any) -> None:
        self._deployment = deployment
        self.positions: list[float] = []

    def position(self) -> float:
        name = f'maitred_model_settled_position{{placement="{PLACEMENT}"}}'
        lines = self._deployment.client.get("/metrics").text.splitlines()
        self.positions += [float(line.split()[1]) for line in lines if line.startswith(name)]
        return self.positions[-1]

    def wait_beyond(self, position: float) -> float:
        self._deployment.wait_for(lambda: self.position() > position, PATIENCE_SECONDS)
        return self.positions[-1]


@contextmanager
def learner(deployment: Any) -> Iterator[subprocess.Popen[bytes]]:
    with deployment.log.open("ab") as log:
        command = [sys.executable, "-m", "api.cli", "learn"]
        process = subprocess.Popen(command, env=deployment.environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def own_journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a journal in the home, or on a Redis of the test's own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'home' / 'journal.db'}"
        return
    with request.getfixturevalue("run_redis")("--appendonly", "yes", "--appendfsync", "always") as port:
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture
def deployment(own_journal: str, tmp_path: Path, make_deployment: Callable[..., Any]) -> Iterator[Any]:
    """A service without a learner."""
    made = make_deployment(tmp_path / "home")
    made.environment |= {"MAITRED_LEASE_SECONDS": str(LEASE_SECONDS), "MAITRED_JOURNAL": own_journal}
    made.start("--no-learner")
    yield made
    made.close()


def in_office(home: Path) -> int:
    """Process id of the learner that learns now; 0 if none does."""
    try:
        beat = json.loads((home / "learner.json").read_bytes())
    except FileNotFoundError:
        return 0
    return int(beat["pid"]) if beat["state"] == "learning" else 0


def frozen(process: subprocess.Popen[bytes], journal: Path) -> bool:
    """Stop a process, but not in the middle of a write: then SQLite's lock would keep everybody else from writing."""
    process.send_signal(signal.SIGSTOP)
    if not journal.exists():
        return True
    try:
        with closing(sqlite3.connect(journal, timeout=LOCK_SECONDS, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        process.send_signal(signal.SIGCONT)
        return False
    return True


@pytest.mark.parametrize("own_journal", ["sqlite", "redis"], indirect=True)
def test_one_history_is_published_whoever_freezes_and_wakes(deployment):
    watched = Watched(deployment)
    with Load(deployment.port) as load, learner(deployment) as one, learner(deployment) as other:
        processes = {process.pid: process for process in (one, other)}
        deployment.wait_for(lambda: in_office(deployment.home) in processes, PATIENCE_SECONDS)
        deployment.wait_for(lambda: "learner_stands_by" in deployment.log.read_text(), PATIENCE_SECONDS)
        first = processes.pop(in_office(deployment.home))
        (second,) = processes.values()
        before = watched.wait_beyond(0)
        deployment.wait_for(lambda: frozen(first, deployment.home / "journal.db"), PATIENCE_SECONDS)
        deployment.wait_for(lambda: in_office(deployment.home) == second.pid, PATIENCE_SECONDS)
        taken_over = watched.wait_beyond(max(before, watched.position()))
        first.send_signal(signal.SIGCONT)
        assert first.wait(PATIENCE_SECONDS) == FENCED
        watched.wait_beyond(taken_over)
        assert second.poll() is None
        assert load.decisions > 0
        second.terminate()
        assert second.wait(PATIENCE_SECONDS) == 0
    assert watched.positions == sorted(watched.positions)
    with closing(open_journal(deployment.environment["MAITRED_JOURNAL"])) as journal:
        records = [stored.record for stored in journal.read(0, 1_000_000)]
    settled = [record.decision_id for record in records if isinstance(record, SettlementRecord)]
    assert len(settled) == len(set(settled))
    published = [record for record in records if isinstance(record, ControlRecord) and record.action == "publish"]
    positions = [record.payload["settled_position"] for record in published if record.placement == PLACEMENT]
    assert positions == sorted(set(positions))
    verified = deployment.run("verify")
    assert verified.returncode == 0, verified.stderr
    assert "all byte-identical" in verified.stdout
