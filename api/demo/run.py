"""A demo from beginning to end, whatever it is about: prepare, serve, let everybody visit, report."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
from rich.console import Console

from api.client import AsyncClient, ClientError
from api.demo.children import Service, free_port, run_step
from api.demo.dataset import DataSet, Ran
from api.demo.display import Display
from api.demo.driver import drive
from api.demo.errors import DemoFailed
from api.demo.home import DemoHome
from api.demo.tally import Tally
from api.demo.wire import Wire

DEFAULT_PORT = 8765
CALL_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How to run it. ``resume`` goes on with the demo that is in the folder; ``once`` stops the service at the end."""

    folder: Path
    seed: int
    port: int | None
    resume: bool
    once: bool


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """How it ran. ``pid`` is the service's, if it was left running."""

    seed: int
    nothing_eligible: int
    degraded: int
    chat_seconds: float
    decisions_per_second: float
    home: str
    url: str
    pid: int | None


@dataclass(frozen=True, slots=True)
class Summary:
    """How it ran, and what came of it."""

    run: Run
    result: msgspec.Struct

    def json(self) -> str:
        """Both in one object, on one line."""
        return msgspec.json.encode(msgspec.structs.asdict(self.run) | msgspec.structs.asdict(self.result)).decode()


def run(plan: Plan, data: DataSet, console: Console) -> Summary:
    """Run the demo. Raises ``DemoFailed``. The service outlives it only if it succeeds and ``once`` is not set."""
    home = DemoHome(plan.folder.absolute())
    port = free_port(plan.port, DEFAULT_PORT)
    _prepare(plan, home, data, console)
    with Service(port, home.environment, home.log) as service:
        with console.status("starting the service"):
            service.wait_until_ready()
        console.print(f"the service is ready: {service.url}", soft_wrap=True)
        try:
            summary = _driven(plan, home, data, service, console)
        except ClientError as error:
            service.check()
            raise DemoFailed(f"the service does not do as agreed: {error}") from error
        if not plan.once:
            service.detach()
    return summary


def _prepare(plan: Plan, home: DemoHome, data: DataSet, console: Console) -> None:
    if not (plan.resume and home.is_prepared):
        aside = home.clear()
        if aside is not None:
            console.print(f"the demo before this one is now in {aside}", soft_wrap=True)
    loaded = data.prepare(home)
    with console.status("applying the Feast repository and loading its rows (Feast takes some seconds)"):
        run_step(
            "features.registry.apply", ("apply", "materialize", "--repository", str(home.repository)), home.environment
        )
    home.mark()
    console.print(f"in Feast's online store in {home.folder}: {loaded}", soft_wrap=True, markup=False)


def _driven(plan: Plan, home: DemoHome, data: DataSet, service: Service, console: Console) -> Summary:
    tally, started = Tally(), time.monotonic()
    connect, visits = partial(_connected, service.url), data.visits()
    with Display(console, data.decisions) as display:
        asyncio.run(drive(connect, visits, tally, pace=data.pace, progress=display.show, seed=plan.seed))
    seconds = time.monotonic() - started
    result = data.conclude(Ran(home, service.url, tally, plan.seed), console)
    ran = Run(
        seed=plan.seed,
        nothing_eligible=tally.nothing_eligible,
        degraded=tally.degraded,
        chat_seconds=seconds,
        decisions_per_second=tally.decisions / seconds,
        home=str(home.folder),
        url=service.url,
        pid=None if plan.once else service.pid,
    )
    return Summary(ran, result)


def _connected(url: str) -> AsyncClient:
    return AsyncClient(url, transport=Wire(CALL_TIMEOUT_S))
