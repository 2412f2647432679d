"""A customer: asks, reports, repeats itself, comes late and early, corrects itself. The seed decides when."""

from __future__ import annotations

import asyncio
import heapq
import random
import time
from collections.abc import Awaitable, Callable
from itertools import count

import msgspec

from api.client.errors import ClientError
from api.client.messages import Ask, Decision, Outcome, Turn
from tests.chaos.bot import GRACE_SECONDS, METRICS, WINDOW_SECONDS
from tests.chaos.ledger import Ledger
from tests.chaos.line import GaveUp, Line

USERS = ("ada", "ben", "cleo", None)
PLACEMENTS = tuple(METRICS)
TURNS_PER_SESSION = 6
REMEMBERED = 200
Errand = Callable[[], Awaitable[object]]

TURN = 0.08
EARLY = 0.05
DEFERRED = 0.08
SHOWN = 0.7
ASKED_TWICE_AT_ONCE = 0.03
ASKED_AGAIN_LATER = 0.04
SILENT = 0.1
SECOND_OUTCOME = 0.15
REPORTED_TWICE = 0.06
CORRECTED = 0.04
LATE = 0.03
NEVER_ASKED = 0.005


class Customer:
    """Makes as many decisions as it is told to; ``run`` ends when everything it did is acknowledged."""

    def __init__(self, number: int, url: str, ledger: Ledger, seed: int) -> None:
        self._name = f"{seed:x}-{number}"
        self._luck = random.Random(f"{seed}/{number}")
        self._ledger = ledger
        self._line = Line(url, ledger, random.Random(f"{seed}/{number}/pauses"))
        self._numbers = count()
        self._errands: list[tuple[float, int, Errand]] = []
        self._before: list[Ask] = []

    async def run(self, decisions: int) -> None:
        """Talk until this many decisions were asked for, then run the last errands."""
        try:
            made = 0
            while made < decisions:
                made += await self._visit()
                await self._run_errands(time.monotonic())
            while self._errands:
                await asyncio.sleep(max(0.0, self._errands[0][0] - time.monotonic()))
                await self._run_errands(time.monotonic())
        except (ClientError, GaveUp) as error:
            self._ledger.faults.append(f"customer {self._name}: {error}")
        finally:
            await self._line.close()

    async def _visit(self) -> int:
        """One question and what comes of it; returns how many decisions that made."""
        number = next(self._numbers)
        if self._chance(NEVER_ASKED):
            await self._line.report(self._outcome(f"{self._name}-never-{number}", self._luck.choice(PLACEMENTS)))
        if self._chance(ASKED_AGAIN_LATER) and self._before:
            self._ledger.counts["duplicates"] += 1
            await self._line.ask(self._luck.choice(self._before))
        if self._chance(TURN):
            decisions = await self._turn(number)
        else:
            decisions = [await self._question(number)]
        for decision in decisions:
            await self._follow_up(decision)
        return len(decisions)

    async def _turn(self, number: int) -> list[Decision]:
        asked = Turn(
            session_id=self._session(number),
            placements=self._luck.sample(PLACEMENTS, self._luck.randint(2, 3)),
            turn_id=f"{self._name}-turn-{number}",
        )
        answer = await self._line.turn(asked)
        if self._chance(ASKED_AGAIN_LATER):
            self._ledger.counts["duplicates"] += 1
            again = await self._line.turn(asked)
            if [d.decision_id for d in again.decisions] != [d.decision_id for d in answer.decisions]:
                self._ledger.faults.append(f"turn {asked.turn_id} was answered with other decisions")
        return list(answer.decisions)

    async def _question(self, number: int) -> Decision:
        ask = self._ask(number)
        if self._chance(EARLY):
            self._ledger.counts["early"] += 1
            await self._line.report(self._outcome(ask.decision_id, ask.placement))
        if self._chance(ASKED_TWICE_AT_ONCE):
            self._ledger.counts["duplicates"] += 1
            decision, _ = await asyncio.gather(self._line.ask(ask), self._line.ask(ask))
        else:
            decision = await self._line.ask(ask)
        if ask.deferred and self._chance(SHOWN):
            self._later(self._luck.uniform(0.0, 0.5), lambda: self._line.shown(ask.decision_id))
        self._remember(ask)
        return decision

    async def _follow_up(self, decision: Decision) -> None:
        if self._chance(SILENT):
            return
        outcomes = [self._outcome(decision.decision_id, decision.placement)]
        if self._chance(SECOND_OUTCOME):
            outcomes.append(self._outcome(decision.decision_id, decision.placement))
        if self._chance(LATE):
            self._ledger.counts["late"] += 1
            too_late = WINDOW_SECONDS + GRACE_SECONDS + self._luck.uniform(0.5, 2.0)
            self._later(too_late, lambda: self._line.report(*outcomes))
            return
        await self._line.report(*outcomes)
        if self._chance(REPORTED_TWICE):
            self._ledger.counts["duplicates"] += 1
            self._later(self._luck.uniform(0.0, 5.0), lambda: self._line.report(*outcomes))
        if self._chance(CORRECTED):
            self._ledger.counts["corrected"] += 1
            correction = self._correction(outcomes[0], decision.placement)
            self._later(self._luck.uniform(0.0, 1.0), lambda: self._line.report(correction))

    def _ask(self, number: int) -> Ask:
        user = self._luck.choice(USERS)
        return Ask(
            placement=self._luck.choice(PLACEMENTS),
            session_id=self._session(number),
            user_id=user,
            consent=user is not None and self._chance(0.7),
            context={"channel": self._luck.choice(("web", "app")), "intent_confidence": self._luck.random()},
            deferred=self._chance(DEFERRED),
            decision_id=f"{self._name}-{number}",
        )

    def _outcome(self, decision_id: str, placement: str) -> Outcome:
        return Outcome(
            decision_id=decision_id,
            metric=METRICS[placement],
            value=float(self._chance(0.4)),
            outcome_id=f"o-{next(self._numbers)}",
        )

    def _correction(self, outcome: Outcome, placement: str) -> Outcome:
        other = self._outcome(outcome.decision_id, placement)
        return msgspec.structs.replace(other, corrects=outcome.outcome_id)

    def _session(self, number: int) -> str:
        return f"{self._name}-s{number // TURNS_PER_SESSION}"

    def _remember(self, ask: Ask) -> None:
        self._before.append(ask)
        if len(self._before) > REMEMBERED:
            self._before.pop(self._luck.randrange(REMEMBERED))

    def _chance(self, share: float) -> bool:
        return self._luck.random() < share

    def _later(self, seconds: float, errand: Errand) -> None:
        heapq.heappush(self._errands, (time.monotonic() + seconds, next(self._numbers), errand))

    async def _run_errands(self, now: float) -> None:
        while self._errands and self._errands[0][0] <= now:
            _, _, errand = heapq.heappop(self._errands)
            await errand()
