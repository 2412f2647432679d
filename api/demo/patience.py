"""Waiting for a service that is away for a moment: restarted, or its disk busy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from api.client import ProblemError, Unreachable

Answer = TypeVar("Answer")
AGAIN_S = 0.5
AWAY = 503


async def patiently(call: Callable[[], Awaitable[Answer]], patience_s: float) -> Answer:
    """The answer of a call that may be repeated. Raises ``ClientError`` if there is none within ``patience_s``."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
    while True:
        try:
            return await call()
        except Unreachable:
            if loop.time() > deadline:
                raise
        except ProblemError as error:
            if error.status != AWAY or loop.time() > deadline:
                raise
        await asyncio.sleep(AGAIN_S)
