"""A customer's line to the service: whatever gets no answer is sent again, with the same ids, until it has one."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from api.client.aio import AsyncClient
from api.client.errors import ProblemError, Unreachable
from api.client.messages import Ask, Decision, Outcome, Turn, TurnAnswer
from tests.chaos.ledger import Ledger

Answer = TypeVar("Answer")
TIMEOUT_SECONDS = 5.0
PATIENCE_SECONDS = 120.0
"""How long a service may be away in one piece; its kills and restarts take a tenth of this."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 0.25
UNAVAILABLE = 503
UNKNOWN = 404


class GaveUp(Exception):
    """No answer, however often it was asked for."""


class Line:
    """Sends and writes into the ledger what was said and heard."""

    def __init__(self, url: str, ledger: Ledger, luck: random.Random) -> None:
        self._client = AsyncClient(url, timeout=TIMEOUT_SECONDS, attempts=1)
        self._ledger = ledger
        self._luck = luck

    async def ask(self, question: Ask) -> Decision:
        """One decision."""
        self._ledger.asked.add(question.decision_id)
        answer = await self._insist("questions", lambda: self._client.decide(question), question.decision_id)
        self._ledger.answered(answer, question.decision_id)
        return answer

    async def turn(self, question: Turn) -> TurnAnswer:
        """One decision for each placement; the service chooses their ids."""
        answer = await self._insist("turns", lambda: self._client.turn(question), question.turn_id)
        for decision in answer.decisions:
            self._ledger.answered(decision, question.turn_id)
        return answer

    async def report(self, *outcomes: Outcome) -> None:
        """What came of decisions."""
        self._ledger.reports(outcomes)
        self._ledger.counts["outcomes sent"] += len(outcomes)
        await self._insist("reports", lambda: self._client.report(*outcomes))
        self._ledger.accepted(outcomes)

    async def shown(self, decision_id: str) -> None:
        """A deferred decision was displayed."""
        self._ledger.shown.setdefault(decision_id, False)
        await self._insist("displays", lambda: self._client.shown(decision_id))
        self._ledger.shown[decision_id] = True

    async def close(self) -> None:
        """Hang up."""
        await self._client.close()

    async def _insist(self, what: str, call: Callable[[], Awaitable[Answer]], question_id: str = "") -> Answer:
        self._ledger.counts[what] += 1
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            self._ledger.attempts[question_id] += 1
            try:
                return await call()
            except Unreachable as error:
                trouble = str(error)
            except ProblemError as error:
                if error.status != UNAVAILABLE:
                    raise
                self._ledger.counts["refused for now"] += 1
                trouble = str(error)
            if time.monotonic() > end:
                raise GaveUp(f"no answer for {PATIENCE_SECONDS:.0f} s: {trouble}")
            self._ledger.counts["retries"] += 1
            await asyncio.sleep(self._luck.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))
