"""A small Python client: ``Client`` (blocking) and ``AsyncClient``, with the same methods."""

from __future__ import annotations

from api.client.aio import AsyncClient
from api.client.blocking import Client
from api.client.errors import ClientError, Forbidden, ProblemError, RateLimited, Unauthorized, Unreachable
from api.client.messages import (
    Accepted,
    Action,
    Ask,
    Decision,
    Event,
    Events,
    Offered,
    Outcome,
    Ranked,
    Turn,
    TurnAnswer,
)

__all__ = [
    "Accepted",
    "Action",
    "Ask",
    "AsyncClient",
    "Client",
    "ClientError",
    "Decision",
    "Event",
    "Events",
    "Forbidden",
    "Offered",
    "Outcome",
    "ProblemError",
    "Ranked",
    "RateLimited",
    "Turn",
    "TurnAnswer",
    "Unauthorized",
    "Unreachable",
]
