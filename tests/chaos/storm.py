"""One run on one backend, from the first decision to the last settlement, and what was found."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.settings import Settings
from api.wiring import open_histories
from engine.errors import JournalError
from tests.chaos import backend as backends
from tests.chaos.audit import Finding, audit
from tests.chaos.backend import Backend
from tests.chaos.bot import write_config
from tests.chaos.customer import Customer
from tests.chaos.deployment import Deployment
from tests.chaos.features import compile_plan
from tests.chaos.journaled import Journaled
from tests.chaos.killer import Killer, planned
from tests.chaos.ledger import Ledger
from tests.chaos.proof import proven, spooled

CUSTOMERS = 8
PROGRESS_SECONDS = 10.0
SETTLE_SECONDS = 180.0
SETTLE_POLL_SECONDS = 0.5
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Storm:
    """What to do: on which backend, in which folder, how much, and the seed of it all.

    Attributes:
        plan: the compiled feature plan, where one process answers; several need features of their own.
    """

    backend: str
    folder: Path
    seed: int
    decisions: int
    kills: int
    plan: Path
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of it. ``seconds`` is how long customers talked."""

    storm: Storm
    ledger: Ledger
    journaled: Journaled
    kills: Counter[str]
    starts: int
    seconds: float
    findings: list[Finding]


async def rage(storm: Storm, say: Say) -> Finished:
    """Run it."""
    storm.folder.mkdir(parents=True, exist_ok=True)
    config = storm.folder / "bot.yaml"
    write_config(config)
    with backends.opened(storm.backend, storm.folder, storm.workers) as backend:
        shared = backend.features
        plan = storm.plan if shared is None else compile_plan(storm.folder, f"127.0.0.1:{shared.port}")
        deployment = Deployment(storm.folder / "home", config, plan, backend.url, options=backend.options)
        try:
            return await _rage(storm, backend, deployment, say)
        finally:
            deployment.kill_all()


async def _rage(storm: Storm, backend: Backend, deployment: Deployment, say: Say) -> Finished:
    plan = planned(random.Random(storm.seed), backend.victims, storm.kills, storm.decisions)
    ledger, killer = Ledger(), Killer(plan, backend, deployment)
    deployment.start()
    await asyncio.to_thread(deployment.wait_until_ready)
    journaled = Journaled(open_histories(Settings(home=deployment.home, journal=backend.url)).journals)
    started = time.monotonic()
    async with _meanwhile(deployment.keep_running()):
        async with _meanwhile(killer.run(lambda: len(ledger.asked)), _progress(ledger, killer, started, say)):
            await _talk(storm, deployment, ledger)
        await killer.everybody_is_back()
        seconds = time.monotonic() - started
        await _settled(deployment, journaled)
    findings = [*_ended(deployment, journaled), *audit(ledger, journaled), *proven(deployment, journaled)]
    return Finished(storm, ledger, journaled, killer.done, deployment.starts, seconds, findings)


@asynccontextmanager
async def _meanwhile(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work in the background of a block. What it raises, the block raises; it ends with the block."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in work]
        yield
        for task in tasks:
            task.cancel()


async def _progress(ledger: Ledger, killer: Killer, started: float, say: Say) -> None:
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        decisions, outcomes, retries = len(ledger.claims), len(ledger.acknowledged), ledger.counts["retries"]
        say(
            f"{time.monotonic() - started:5.0f} s  {decisions:7,} decisions  {outcomes:7,} outcomes  "
            f"{retries:5,} retries  {killer.done.total():3} kills"
        )


async def _talk(storm: Storm, deployment: Deployment, ledger: Ledger) -> None:
    customers = [Customer(number, deployment.url, ledger, storm.seed) for number in range(CUSTOMERS)]
    await asyncio.gather(*(customer.run(storm.decisions // CUSTOMERS) for customer in customers))


async def _settled(deployment: Deployment, journaled: Journaled) -> None:
    """Until the spool is drained, every window closed, and all learned; what is missing in the end, the audit finds."""
    end = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < end:
        with suppress(JournalError):  # a server that was killed last may still be reading what it kept
            await asyncio.to_thread(journaled.read_on)
            if journaled.is_settled and not spooled(deployment):
                return
        await asyncio.sleep(SETTLE_POLL_SECONDS)


def _ended(deployment: Deployment, journaled: Journaled) -> Iterator[Finding]:
    code = deployment.stop()
    if code != 0:
        yield f"the service ended with {code}:\n{deployment.said()}"
    try:
        journaled.read_on()
    except JournalError as error:
        yield f"the journal cannot be read: {error}"
