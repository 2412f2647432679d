"""What the edge's tests share: homes that Feast has prepared, the application in process, and verbs as processes."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.service import Service
from api.settings import Settings
from api.wiring import build_service

MakeHome = Callable[[Path], Path]


class Edge:
    """The whole application on an event loop of its own, asked as if over HTTP."""

    def __init__(self, home: Path) -> None:
        self.app: FastAPI = create_app(Settings(home=home), build_service)
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._runner.run(self._start())

    @property
    def service(self) -> Service:
        service: Service = self.app.state.service
        return service

    def send(self, method: str, path: str, **what: Any) -> httpx.Response:
        return self._runner.run(self.ask(method, path, **what))

    async def ask(self, method: str, path: str, **what: Any) -> httpx.Response:
        return await self._client.request(method, path, **what)

    def run(self, coroutine: Any) -> Any:
        """On the application's own loop."""
        return self._runner.run(coroutine)

    def close(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()

    async def _start(self) -> None:
        await self._stack.enter_async_context(self.app.router.lifespan_context(self.app))
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self._client = await self._stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://localhost")
        )


@pytest.fixture(scope="session")
def make_home(feast_home: Path) -> MakeHome:
    """Makes a home with Feast's plan and nothing else."""

    def make(home: Path) -> Path:
        (home / "features").mkdir(parents=True)
        shutil.copy(feast_home / "features" / "plan.json", home / "features" / "plan.json")
        return home

    return make


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory, make_home: MakeHome) -> Iterator[Edge]:
    """The example shop, shared by the tests of a module."""
    made = Edge(make_home(tmp_path_factory.mktemp("edge") / "home"))
    yield made
    made.close()


@pytest.fixture
def own_edge(tmp_path: Path, make_home: MakeHome) -> Iterator[Edge]:
    """An application to break."""
    made = Edge(make_home(tmp_path / "home"))
    yield made
    made.close()


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture(scope="session")
def environment_of() -> Callable[..., dict[str, str]]:
    """The environment of a deployment: this one's, without its own ``MAITRED_`` variables."""

    def environment(**variables: object) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAITRED_")}
        return {**inherited, **{f"MAITRED_{name.upper()}": str(value) for name, value in variables.items()}}

    return environment


@pytest.fixture(scope="session")
def run_verb(environment_of: Callable[..., dict[str, str]]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``maitred VERB …`` to its end; keyword arguments are ``MAITRED_`` variables."""

    def run(*arguments: str, **variables: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "api.cli", *arguments]
        return subprocess.run(
            command, env=environment_of(**variables), capture_output=True, text=True, timeout=60, check=False
        )

    return run
