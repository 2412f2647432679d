"""The demo from beginning to end: prepare, serve, let customers chat, wait for the windows to close, report."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from api.client import AsyncClient, ClientError
from api.demo.aftermath import every, settled, settled_as_seen, worth_explaining
from api.demo.children import Service, free_port, run_step
from api.demo.display import Display
from api.demo.driver import Pace, drive
from api.demo.errors import DemoFailed
from api.demo.home import GRACE, WINDOW, DemoHome
from api.demo.report import Report, report
from api.demo.tables import print_explanation, print_report
from api.demo.tally import Tally
from engine.config_file import load
from simulator.worlds.shop import ShopWorld
from simulator.worlds.shop_visits import DECISIONS_PER_TURN, ShopVisits
from simulator.worlds.visits import Visit

DEFAULT_PORT = 8765
CALL_TIMEOUT_S = 5.0
CHECKED = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. ``turns`` is the most there will be: a slow machine stops earlier, by ``pace.seconds``."""

    folder: Path
    seed: int
    customers: int
    turns: int
    port: int | None
    resume: bool
    once: bool
    pace: Pace


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What ``--json`` prints. ``pid`` is the service's, if it was left running."""

    seed: int
    decisions: int
    nothing_eligible: int
    degraded: int
    chat_seconds: float
    decisions_per_second: float
    report: Report
    checked: int
    settled_as_seen: int
    explained: dict[str, Any]
    home: str
    url: str
    pid: int | None


@dataclass(frozen=True, slots=True)
class Chat:
    """What came of the conversations."""

    tally: Tally
    seconds: float
    checked: int
    settled_as_seen: int
    explained: dict[str, Any]


def run(plan: Plan, console: Console) -> Summary:
    """Run the demo. Raises ``DemoFailed``. The service outlives it only if it succeeds and ``once`` is not set."""
    home = DemoHome(plan.folder.absolute())
    port = free_port(plan.port, DEFAULT_PORT)
    visits = _prepared(plan, home, console)
    with Service(port, home.environment, home.log) as service:
        with console.status("starting the service"):
            service.wait_until_ready()
        console.print(f"the service is ready: {service.url}", soft_wrap=True)
        chat = _chat(plan, console, service, visits)
        summary = _summary(plan, home, service, chat)
        print_report(console, summary.report)
        console.print(
            f"of {chat.checked} decisions looked up, {chat.settled_as_seen} were settled as the client saw them"
        )
        print_explanation(console, chat.explained)
        if not plan.once:
            service.detach()
    return summary


def _prepared(plan: Plan, home: DemoHome, console: Console) -> ShopVisits:
    if not (plan.resume and home.is_prepared):
        aside = home.clear()
        if aside is not None:
            console.print(f"the demo before this one is now in {aside} (--resume goes on with it)", soft_wrap=True)
    now_unix = int(time.time())
    home.write_config()
    config = load(home.config)
    world = ShopWorld(config, seed=plan.seed)
    customers = world.customers(plan.customers, now_unix=now_unix)
    home.write_customers(customers)
    with console.status("applying the Feast repository and loading the customers (Feast takes some seconds)"):
        run_step("features.apply", ("apply", "materialize"), home.environment)
    home.mark()
    console.print(f"{plan.customers:,} customers are in Feast's online store, in {home.folder}", soft_wrap=True)
    return ShopVisits(world, customers, frozenset(config.placements), plan.turns, plan.seed, now_unix)


def _chat(plan: Plan, console: Console, service: Service, visits: Iterable[Visit]) -> Chat:
    console.print(f"reward windows are {WINDOW} with {GRACE} of grace: in the demo an hour passes in a second")
    try:
        return asyncio.run(_chatting(plan, console, service.url, visits))
    except ClientError as error:
        service.check()
        raise DemoFailed(f"the service does not do as agreed: {error}") from error


async def _chatting(plan: Plan, console: Console, url: str, visits: Iterable[Visit]) -> Chat:
    tally, started = Tally(), time.monotonic()
    connect = partial(AsyncClient, url, timeout=CALL_TIMEOUT_S)
    with Display(console, round(plan.turns * DECISIONS_PER_TURN)) as display:
        await drive(connect, visits, tally, pace=plan.pace, progress=display.show, seed=plan.seed)
    seconds = time.monotonic() - started
    if not tally.exposures:
        raise DemoFailed("no decision was made")
    async with connect() as client:
        with console.status("waiting for the last reward windows to close"):
            await settled(client, tally.exposures[-1].decision_id)
            sample = every(tally.exposures, CHECKED)
            matching = await settled_as_seen(client, sample)
        explained = await client.explain(worth_explaining(tally.exposures).decision_id)
    return Chat(tally, seconds, len(sample), matching, explained)


def _summary(plan: Plan, home: DemoHome, service: Service, chat: Chat) -> Summary:
    exposures = chat.tally.exposures
    return Summary(
        seed=plan.seed,
        decisions=len(exposures),
        nothing_eligible=chat.tally.nothing_eligible,
        degraded=chat.tally.degraded,
        chat_seconds=chat.seconds,
        decisions_per_second=len(exposures) / chat.seconds,
        report=report(exposures),
        checked=chat.checked,
        settled_as_seen=chat.settled_as_seen,
        explained=chat.explained,
        home=str(home.folder),
        url=service.url,
        pid=None if plan.once else service.pid,
    )
