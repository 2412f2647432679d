"""Homes to examine: one in which a real service decided and a real learner learned, copied for every test to break."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from fastapi import FastAPI

from api.app import create_app
from api.doctor.checks import examine
from api.doctor.finding import Finding
from api.doctor.patient import Patient
from api.doctor.scrape import Samples, Service, home_digest, parse
from api.settings import EXAMPLE_CONFIG, Settings
from api.wiring import build_service

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.05
DECISIONS = 20
NOWHERE = "http://127.0.0.1:1"

Diagnose = Callable[..., dict[str, list[Finding]]]


@pytest.fixture(scope="session")
def learning_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example bot with one learning placement and the shortest window."""
    config = yaml.safe_load(EXAMPLE_CONFIG.read_text())
    greeting = config["placements"]["greeting"]
    greeting["reward"] |= {"window": "1s", "grace": "0s"}
    greeting["traffic"] = {"champion": 1.0, "random": 0.0, "control": 0.0}
    path = tmp_path_factory.mktemp("doctor") / "shop.yaml"
    path.write_text(yaml.safe_dump({**config, "placements": {"greeting": greeting}}, allow_unicode=True))
    return path


async def _decide(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        for number in range(DECISIONS):
            asked = {"placement": "greeting", "session_id": f"s-{number}", "decision_id": f"d-{number}"}
            assert (await client.post("/v1/decisions", json=asked)).status_code == 200


@contextmanager
def _learner(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", "api.cli", "learn"], env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


@pytest.fixture(scope="session")
def healthy_home(tmp_path_factory, make_home, learning_config, environment_of) -> Path:
    """Stopped, with decisions, settlements, a published model and the last heartbeat of its learner."""
    home = make_home(tmp_path_factory.mktemp("healthy") / "home")
    asyncio.run(_decide(create_app(Settings(home=home, config=learning_config), build_service)))
    current = home / "snapshots" / "greeting" / "CURRENT.json"
    with _learner(environment_of(home=home, config=learning_config)):
        end = time.monotonic() + PATIENCE_SECONDS
        while not current.exists() and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
    assert current.exists()
    return home


@pytest.fixture
def home(tmp_path: Path, healthy_home: Path) -> Path:
    """A copy to break, with everything moved from the write-ahead logs into the files."""
    copy = Path(shutil.copytree(healthy_home, tmp_path / "home"))
    for file in copy.glob("*.db"):
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    assert not list(copy.glob("*-wal"))
    return copy


@pytest.fixture(scope="session")
def diagnose(learning_config: Path) -> Diagnose:
    """Examines a home; findings by check. ``samples`` is what its running service says; ``None``: it is stopped."""

    def run(home: Path, *, samples: Samples | None = None, **what: Any) -> dict[str, list[Finding]]:
        settings = Settings(home=home, **{"config": learning_config, **what.pop("settings", {})})
        service = (
            Service(NOWHERE, trouble="nothing answers") if samples is None else Service("url", samples, ready=True)
        )
        by_check: dict[str, list[Finding]] = {}
        for finding in examine(Patient(settings, lambda: service, **what)):
            by_check.setdefault(finding.check, []).append(finding)
        return by_check

    return run


@pytest.fixture(scope="session")
def samples_of() -> Callable[..., Samples]:
    """Samples of the service of a home, with further lines in Prometheus' format."""

    def samples(home: Path, *lines: str) -> Samples:
        info = f'maitred_service_info{{version="0",home="{home_digest(home)}"}} 1'
        return parse("\n".join((info, *lines)) + "\n")

    return samples


@pytest.fixture(scope="session")
def content_of() -> Callable[[Path], dict[str, tuple[bytes, int]]]:
    """Every file of a folder with its bytes and its time."""

    def content(folder: Path) -> dict[str, tuple[bytes, int]]:
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    return content
