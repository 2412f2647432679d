"""Bots that work on while the journal's Redis is stopped, killed and brought back."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

CLIENTS = 8
PATIENCE_S = 60.0


class Server:
    """A Redis that can be stopped, killed and brought back with its data."""

    def __init__(self, program: str, folder: Path, port: int) -> None:
        durable = ("--appendonly", "yes", "--appendfsync", "always", "--save", "", "--dir", str(folder))
        self._command = [program, "--port", str(port), "--bind", "127.0.0.1", *durable]
        self.url = f"redis://127.0.0.1:{port}/0"
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert any("Ready to accept connections" in line for line in self._process.stdout)

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def close(self) -> None:
        self.kill()


@dataclass(slots=True)
class Load:
    """Bots that ask and report one after the other, and remember what they were answered."""

    base_url: str
    decisions: dict[str, dict[str, Any]] = field(default_factory=dict)
    outcomes: set[tuple[str, str]] = field(default_factory=set)
    seconds: list[tuple[bool, float]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    over: bool = False

    @property
    def degraded(self) -> int:
        """How many decisions were answered without the journal."""
        return sum("journal" in answer["degraded"] for answer in self.decisions.values())

    async def run(self, direct: Callable[[Load], Awaitable[None]]) -> None:
        """The bots work until ``direct`` returns."""
        async with httpx.AsyncClient(base_url=self.base_url, timeout=30.0) as client:
            bots = [asyncio.create_task(self._bot(client, name)) for name in range(CLIENTS)]
            try:
                await direct(self)
            finally:
                self.over = True
                await asyncio.gather(*bots)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.02)

    async def _bot(self, client: httpx.AsyncClient, name: int) -> None:
        number = 0
        while not self.over:
            number += 1
            await self._turn(client, f"bot-{name}-{number}", f"session-{name}")

    async def _turn(self, client: httpx.AsyncClient, decision_id: str, session_id: str) -> None:
        asked = {"placement": "greeting", "session_id": session_id, "decision_id": decision_id}
        began = time.perf_counter()
        answer = await self._post(client, "/v1/decisions", asked, 200)
        if answer is None:
            return
        self.seconds.append(("journal" in answer["degraded"], time.perf_counter() - began))
        self.decisions[decision_id] = answer
        told = {"decision_id": decision_id, "metric": "continued", "value": 1, "outcome_id": "o"}
        if await self._post(client, "/v1/outcomes", told, 202) is not None:
            self.outcomes.add((decision_id, "o"))

    async def _post(self, client: httpx.AsyncClient, path: str, body: dict[str, Any], expected: int) -> Any:
        try:
            response = await client.post(path, json=body)
        except httpx.HTTPError as error:
            self.failures.append(f"{path}: {error!r}")
            return None
        if response.status_code != expected:
            self.failures.append(f"{path}: {response.status_code} {response.text}")
            return None
        return response.json()
