"""The asynchronous client."""

from __future__ import annotations

from types import TracebackType
from typing import Any, TypeVar

import httpx

from api.client import calls
from api.client.blocking import DEFAULT_URL
from api.client.calls import Call
from api.client.credential import credential
from api.client.errors import ClientError, Unreachable
from api.client.messages import Accepted, Ask, Decision, Events, Outcome, Turn, TurnAnswer

Answer = TypeVar("Answer")


class AsyncClient:
    """Calls a running service, many calls at a time. Close it, or use it in an ``async with`` statement.

    Args:
        url: where the service listens.
        timeout: seconds a call may take, each attempt.
        attempts: how often a call without an answer is made. Repeating is safe: whatever a call does, it does once.
        api_key: what ``maitred keys add`` printed; needed by a service that others than its own machine can reach.
        transport: how requests travel; the network by default.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        timeout: float = 2.0,
        attempts: int = 2,
        api_key: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            headers=credential(api_key),
            timeout=timeout,
            transport=transport,
            trust_env=False,
            limits=httpx.Limits(max_connections=None),
        )
        self._attempts = attempts

    async def decide(self, ask: Ask) -> Decision:
        """One action for one placement."""
        return await self._send(calls.decide(ask))

    async def turn(self, asked: Turn) -> TurnAnswer:
        """One action for each placement of a turn."""
        return await self._send(calls.turn(asked))

    async def report(self, *outcomes: Outcome) -> Accepted:
        """Say what came of decisions."""
        return await self._send(calls.report(outcomes))

    async def shown(self, decision_id: str) -> None:
        """Say that a deferred decision was really displayed."""
        await self._send(calls.shown(decision_id))

    async def track(self, session_id: str, happened: Events) -> Accepted:
        """Say what happened in a session; its next turn knows."""
        return await self._send(calls.track(session_id, happened))

    async def explain(self, decision_id: str) -> dict[str, Any]:
        """Everything about one decision."""
        return await self._send(calls.explain(decision_id))

    async def ready(self) -> bool:
        """Whether the service is warmed up and answers."""
        try:
            await self._send(calls.ready())
        except ClientError:
            return False
        return True

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def _send(self, call: Call[Answer]) -> Answer:
        for attempt in range(1, self._attempts + 1):
            try:
                response = await self._http.request(call.method, call.path, content=call.body, headers=call.headers)
            except httpx.TransportError as error:
                if attempt == self._attempts:
                    raise Unreachable(f"{call.method} {call.path}: {error!r}") from error
            else:
                return call.read(response)
        raise ValueError(f"attempts must be at least 1, not {self._attempts}")
