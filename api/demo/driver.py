"""Drives visits through a running service, many at a time, and tallies what comes of them.

It knows no shop: any iterable of ``Visit`` will do, generated or read from a log of an experiment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from api.client import AsyncClient, Decision, Event, Events, Outcome, Turn
from api.demo.metronome import Metronome
from api.demo.pace import Pace
from api.demo.patience import patiently
from api.demo.postman import Postman
from api.demo.tally import Exposure, Tally
from simulator.worlds.visits import Response, Visit, VisitTurn

Progress = Callable[[Tally], None]
Connect = Callable[[], AsyncClient]


async def drive(
    connect: Connect, visits: Iterable[Visit], tally: Tally, *, pace: Pace, progress: Progress, seed: int
) -> None:
    """Let every visit happen and every outcome arrive.

    Args:
        connect: makes a client; each concurrent visit and the post has its own, as if they were many bots.

    Raises:
        ClientError: the service refused a call, or was away for longer than ``pace.patience_s``.
    """
    async with connect() as courier:
        postman, metronome = Postman(courier, pace.patience_s), Metronome(pace.turns_per_second)
        run = _Run(connect, postman, metronome, tally, pace, progress, np.random.default_rng([seed, 5]))
        try:
            await run.through(iter(visits))
        except ExceptionGroup as failures:
            raise _first(failures) from failures


@dataclass(frozen=True, slots=True)
class _Run:
    connect: Connect
    postman: Postman
    metronome: Metronome
    tally: Tally
    pace: Pace
    progress: Progress
    rng: np.random.Generator

    async def through(self, visits: Iterator[Visit]) -> None:
        deadline = asyncio.get_running_loop().time() + self.pace.seconds
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.postman.deliver())
            async with asyncio.TaskGroup() as visitors:
                for _ in range(self.pace.concurrency):
                    visitors.create_task(self._visitor(visits, deadline))
            self.postman.close()

    async def _visitor(self, visits: Iterator[Visit], deadline: float) -> None:
        async with self.connect() as client:
            for visit in visits:
                if asyncio.get_running_loop().time() > deadline:
                    return
                for turn in visit.turns:
                    await self.metronome.next()
                    await self._turn(client, visit, turn)

    async def _turn(self, client: AsyncClient, visit: Visit, turn: VisitTurn) -> None:
        if turn.happenings:
            events = [Event(event=name, properties=properties) for name, properties in turn.happenings]
            happened = Events(events=events, user_id=visit.user_id, consent=True)
            await patiently(partial(client.track, visit.session_id, happened), self.pace.patience_s)
        asked = Turn(
            session_id=visit.session_id,
            user_id=visit.user_id,
            placements=turn.placements,
            context=turn.context,
            consent=True,
            deferred=visit.deferred,
        )
        answer = await patiently(partial(client.turn, asked), self.pace.patience_s)
        for decision in answer.decisions:
            await self._decided(client, visit, turn, decision)
        self.progress(self.tally)

    async def _decided(self, client: AsyncClient, visit: Visit, turn: VisitTurn, decision: Decision) -> None:
        self.tally.degraded += bool(decision.degraded)
        if decision.action is None:
            self.tally.nothing_eligible += 1
            return
        candidates = [ranked.id for ranked in decision.ranking]
        response = turn.respond(decision.placement, decision.action.id, candidates)
        if not response.shown:
            self.tally.unseen += 1
            return
        if visit.deferred:
            await patiently(partial(client.shown, decision.decision_id), self.pace.patience_s)
        self._post(decision.decision_id, response)
        self.tally.add(
            Exposure(
                decision_id=decision.decision_id,
                user_id=visit.user_id,
                group=decision.group,
                placement=decision.placement,
                reason=decision.reason,
                propensity=decision.propensity or 0.0,
                reward=response.reward,
                expected=response.expected,
                best=response.best,
            )
        )

    def _post(self, decision_id: str, response: Response) -> None:
        delay_s = 0.0
        for metric, value in response.metrics.items():
            delay_s += min(self.rng.exponential(self.pace.mean_delay_s), self.pace.longest_delay_s)
            self.postman.post(Outcome(decision_id=decision_id, metric=metric, value=value), delay_s)


def _first(failures: ExceptionGroup[Exception]) -> Exception:
    """The first failure of a group of groups: tasks that fail because the service is gone all say the same."""
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
