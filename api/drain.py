"""The HTTP server, and how it ends: what was begun is answered, what waits is taken, and nobody is cut off."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Collection
from types import FrameType
from typing import Any, cast

import structlog
import uvicorn

from api.protocol import BoundedProtocol

log = structlog.get_logger(__name__)

GRACE_SECONDS = 5
"""How long requests under way may take after the order to stop."""
LAST_WORDS_SECONDS = 0.2
"""For the answers of requests that were given up."""
POLL_SECONDS = 0.02

ANY_SECOND_ORDER = frozenset({signal.SIGTERM, signal.SIGINT})


class DrainingServer(uvicorn.Server):
    """Ends on SIGTERM or SIGINT.

    It turns unready at once, takes the connections that wait to be accepted and listens no longer, answers requests
    under way and those that still come on connections it has (``connection: close``), then lets the application end:
    what was taken is committed.

    Args:
        ending: called when the order comes, before anything else.
        hurried_by: signals that, after the first, end the waiting for clients; what was taken is committed even so.
        parent: end as if told to when this process is the parent no longer.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        ending: Callable[[], None],
        *,
        hurried_by: Collection[int] = ANY_SECOND_ORDER,
        parent: int | None = None,
    ) -> None:
        super().__init__(config)
        self._ending = ending
        self._hurried_by = hurried_by
        self._parent = parent
        self._hurried = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The order to end. Runs in the main thread, between two steps of whatever it does."""
        self._captured_signals.append(sig)
        self._hurried = self._hurried or (self.should_exit and sig in self._hurried_by)
        self._end()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: is there still somebody to serve for?"""
        if self._parent is not None and os.getppid() != self._parent:
            log.error("parent_is_gone", parent=self._parent)
            self._end()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Called when it was told to end."""
        await self._take_what_waits(sockets or [])
        if not await self._all_answered(GRACE_SECONDS):
            for task in self.server_state.tasks:
                task.cancel(msg="time is up")
            await self._all_answered(LAST_WORDS_SECONDS)
        await self.lifespan.shutdown()

    def _end(self) -> None:
        self._ending()
        self.should_exit = True

    async def _take_what_waits(self, listeners: list[socket.socket]) -> None:
        """Closing a listener resets whoever waits to be accepted, unless another process holds it, too."""
        waiting = [connection for listener in listeners for connection in _accepted(listener)]
        for server in self.servers:
            server.close()
        for listener in listeners:
            listener.close()
        loop = asyncio.get_running_loop()
        for connection in waiting:
            await loop.connect_accepted_socket(self._protocol, connection)

    async def _all_answered(self, seconds: float) -> bool:
        """Whether everybody went in time; an order to hurry ends it."""
        end = time.monotonic() + seconds
        while self.server_state.connections or self.server_state.tasks:
            if self._hurried or time.monotonic() > end:
                return False
            for connection in self._connections():
                connection.drain()
            await asyncio.sleep(POLL_SECONDS)
        return True

    def _protocol(self) -> asyncio.Protocol:
        return BoundedProtocol(self.config, self.server_state, self.lifespan.state)

    def _connections(self) -> list[BoundedProtocol]:
        return cast(list[BoundedProtocol], list(self.server_state.connections))


def configuration(app: Any) -> uvicorn.Config:
    """How HTTP is served."""
    return uvicorn.Config(
        app, http=BoundedProtocol, ws="none", access_log=False, log_level="warning", server_header=False
    )


def _accepted(listener: socket.socket) -> list[socket.socket]:
    accepted: list[socket.socket] = []
    listener.setblocking(False)
    while True:
        try:
            connection, _ = listener.accept()
        except (BlockingIOError, ConnectionError):
            return accepted
        connection.setblocking(False)
        accepted.append(connection)
