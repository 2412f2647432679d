"""The example shop: customers made up from a seed chat with it, and the truth about them is known."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
from rich.console import Console

from api.client import AsyncClient
from api.demo.aftermath import every, settled, settled_as_seen, worth_explaining
from api.demo.dataset import Example, Ran
from api.demo.errors import DemoFailed
from api.demo.home import DemoHome
from api.demo.pace import Pace
from api.demo.report import Report, report
from api.demo.tables import print_explanation, print_report
from api.demo.tally import Tally
from api.settings import EXAMPLE_CONFIG
from engine.config import Config, PlacementSpec
from engine.config_file import load
from feature_repo.seed import write_view
from simulator.worlds.customers import ROWS
from simulator.worlds.shop import ShopWorld
from simulator.worlds.shop_visits import DECISIONS_PER_TURN, ShopVisits
from simulator.worlds.visits import Visit

WINDOW, GRACE = "5s", "1s"
COMMENT = (
    f"A copy of {EXAMPLE_CONFIG.name} for the demo, where the comments are. Only the reward windows differ: "
    f"{WINDOW} with {GRACE} of grace,\n# so that what takes an hour in a shop is over in seconds."
)
PACE = Pace(seconds=50.0, mean_delay_s=0.4, longest_delay_s=2.0)
CHECKED = 100
EXAMPLE = Example(
    '{"placement": "greeting", "session_id": "s-1", "user_id": "customer-00001", "consent": true, '
    '"context": {"locale": "en", "device": "mobile"}}',
    "continued",
)


class ShopResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; ``settled_as_seen`` of ``checked`` decisions were settled as the client saw them."""

    decisions: int
    report: Report
    checked: int
    settled_as_seen: int
    explained: dict[str, Any]


@dataclass(slots=True)
class Shop:
    """``customers`` of the shop in ``turns`` turns; a slow machine stops earlier, by ``pace.seconds``."""

    customers: int
    turns: int
    seed: int
    pace: Pace = PACE
    example: Example = EXAMPLE
    _visits: ShopVisits | None = field(default=None, init=False)

    @property
    def decisions(self) -> int:
        """A session's first turn asks for more than the others."""
        return round(self.turns * DECISIONS_PER_TURN)

    def prepare(self, home: DemoHome) -> str:
        """The example's YAML with short windows, and every customer's rows."""
        now_unix = int(time.time())
        home.write_config(with_short_windows(load(EXAMPLE_CONFIG)), COMMENT)
        config = load(home.config)
        world = ShopWorld(config, seed=self.seed)
        customers = world.customers(self.customers, now_unix=now_unix)
        for view in ROWS:
            write_view(view, [customer.row(view) for customer in customers], home.offline)
        self._visits = ShopVisits(world, customers, frozenset(config.placements), self.turns, self.seed, now_unix)
        return f"{self.customers:,} customers; reward windows of {WINDOW}: in the demo an hour passes in a second"

    def visits(self) -> Iterable[Visit]:
        """Sessions of one to four turns."""
        return self._visits or ()

    def conclude(self, ran: Ran, console: Console) -> ShopResult:
        """Lift by user, shares of the best possible, and one decision explained."""
        if not ran.tally.exposures:
            raise DemoFailed("no decision was made")
        result = asyncio.run(_concluded(partial(AsyncClient, ran.url), ran.tally, console))
        print_report(console, result.report)
        console.print(
            f"of {result.checked} decisions looked up, {result.settled_as_seen} were settled as the client saw them"
        )
        print_explanation(console, result.explained)
        return result


def with_short_windows(config: Config) -> Config:
    """A bot with every reward window and grace shortened."""
    placements = {name: _shortened(placement) for name, placement in config.placements.items()}
    return msgspec.structs.replace(config, placements=placements)


def _shortened(placement: PlacementSpec) -> PlacementSpec:
    reward = msgspec.structs.replace(placement.reward, window=WINDOW, grace=GRACE)
    return msgspec.structs.replace(placement, reward=reward)


async def _concluded(connect: partial[AsyncClient], tally: Tally, console: Console) -> ShopResult:
    exposures = tally.exposures
    async with connect() as client:
        with console.status("waiting for the last reward windows to close"):
            await settled(client, exposures[-1].decision_id)
            sample = every(exposures, CHECKED)
            matching = await settled_as_seen(client, sample)
        explained = await client.explain(worth_explaining(exposures).decision_id)
    return ShopResult(
        decisions=len(exposures),
        report=report(exposures),
        checked=len(sample),
        settled_as_seen=matching,
        explained=explained,
    )
