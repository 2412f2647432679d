"""kill -9 at random points of a run: the seed says after how many decisions, whom, and for how long."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tests.chaos.backend import Backend
from tests.chaos.deployment import Deployment
from tests.chaos.processes import kill
from tests.chaos.servers import Server

Chosen = TypeVar("Chosen")
POLL_SECONDS = 0.005
FIRST, LAST = 0.03, 0.97
AT_ONCE = 0.5
LONGEST_PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class Kill:
    """After so many acknowledged decisions: whom, how long it stays away, and which of several it is (0 to 1)."""

    after: int
    victim: str
    pause: float
    which: float


def planned(luck: random.Random, victims: Sequence[str], kills: int, decisions: int) -> list[Kill]:
    """Every victim equally often, in random order, at random points."""
    points = sorted(luck.uniform(FIRST, LAST) for _ in range(kills))
    turns = [victims[number % len(victims)] for number in range(kills)]
    luck.shuffle(turns)
    return [
        Kill(round(point * decisions), victim, _pause(luck), luck.random())
        for point, victim in zip(points, turns, strict=True)
    ]


class Killer:
    """Carries out the plan; ``done`` counts kills by victim."""

    def __init__(self, plan: Sequence[Kill], backend: Backend, deployment: Deployment) -> None:
        self.done: Counter[str] = Counter()
        self._plan = plan
        self._backend = backend
        self._deployment = deployment
        self._absent: set[asyncio.Task[None]] = set()

    async def run(self, progress: Callable[[], int]) -> None:
        """Kill at the planned points of ``progress``."""
        for each in self._plan:
            while progress() < each.after:
                await asyncio.sleep(POLL_SECONDS)
            await self._kill(each)

    async def everybody_is_back(self) -> None:
        """Until the servers that were killed are started again, and have read what they kept.

        Only then the next one is killed: what two of them take away together is more than is promised.
        """
        await asyncio.gather(*self._absent)
        await asyncio.to_thread(self._backend.settle)

    async def _kill(self, each: Kill) -> None:
        if each.victim == "api":
            self._deployment.kill(pause=each.pause)
        elif each.victim == "everything":
            self._deployment.kill_all(pause=each.pause)
        elif each.victim == "server":
            await self.everybody_is_back()
            self._kill_server(_one_of(self._backend.servers, each.which), each.pause)
        elif each.victim == "features" and self._backend.features is not None:
            self._kill_server(self._backend.features, each.pause)
        else:
            await self._kill_child(each)
        self.done[each.victim] += 1

    def _kill_server(self, server: Server, pause: float) -> None:
        server.kill()

        async def come_back() -> None:
            await asyncio.sleep(pause)
            server.start()

        self._absent.add(asyncio.create_task(come_back()))

    async def _kill_child(self, each: Kill) -> None:
        verb = {"learner": "learn", "worker": "work"}[each.victim]
        while not (found := self._deployment.running(verb)):
            await asyncio.sleep(POLL_SECONDS)
        kill(_one_of(found, each.which))


def _pause(luck: random.Random) -> float:
    return 0.0 if luck.random() < AT_ONCE else luck.uniform(0.0, LONGEST_PAUSE)


def _one_of(choices: Sequence[Chosen], which: float) -> Chosen:
    return choices[int(which * len(choices))]
