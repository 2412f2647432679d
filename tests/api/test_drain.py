"""How the server ends: whoever asked is answered, whoever waited to be accepted too, and connections close cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api.drain import DrainingServer, configuration
from api.protocol import BoundedProtocol

WITHIN_SECONDS = 10.0
REQUEST = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
ORDER = signal.SIGTERM


class App:
    """An ASGI application whose answers wait for ``go``; it notes what happened, in order."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.asked = threading.Semaphore(0)
        self.go = threading.Event()
        self.go.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        self.asked.release()
        while not self.go.is_set():
            await asyncio.sleep(0.002)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await asyncio.sleep(0.002)
        await send({"type": "http.response.body", "body": b"done"})
        self.happened.append("answered")

    async def _live(self, receive: Any, send: Any) -> None:
        for event in ("startup", "shutdown"):
            await receive()
            self.happened.append(event)
            await send({"type": f"lifespan.{event}.complete"})


class Running:
    """A server in a thread, on a listener of its own."""

    def __init__(self, kind: type[DrainingServer] = DrainingServer, **how: Any) -> None:
        self.app = App()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.server: Any = kind(configuration(self.app), lambda: self.app.happened.append("ending"), **how)
        self.thread = threading.Thread(target=lambda: self.server.run([self.listener]))
        self.thread.start()
        eventually(lambda: self.server.started)

    def order(self, sig: int = ORDER) -> None:
        self.server.handle_exit(sig, None)

    def connect(self) -> socket.socket:
        connection = socket.create_connection(self.address)
        connection.settimeout(WITHIN_SECONDS)
        return connection

    def ended(self, seconds: float = WITHIN_SECONDS) -> bool:
        self.thread.join(seconds)
        return not self.thread.is_alive()


@pytest.fixture
def run() -> Iterator[Callable[..., Running]]:
    with contextlib.ExitStack() as stack:

        def start(**how: Any) -> Running:
            running = Running(**how)
            stack.callback(running.ended)
            stack.callback(running.order, signal.SIGINT)
            stack.callback(running.order, signal.SIGINT)
            stack.callback(running.app.go.set)
            return running

        yield start


def eventually(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def everything_from(connection: socket.socket) -> bytes:
    """All that comes until the other side closes; raises ``ConnectionResetError`` if it does not do so cleanly."""
    content = b""
    while part := connection.recv(65_536):
        content += part
    return content


def test_a_request_under_way_is_answered_then_what_was_taken_is_committed(run):
    running = run()
    running.app.go.clear()
    with running.connect() as connection:
        connection.sendall(REQUEST)
        running.app.asked.acquire()
        running.order()
        assert not running.ended(0.3)
        running.app.go.set()
        answer = everything_from(connection)
    assert running.ended()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer
    assert answer.endswith(b"done")
    assert running.app.happened == ["startup", "ending", "answered", "shutdown"]


def test_a_kept_alive_connection_gets_one_more_answer_and_is_told_to_close(run, monkeypatch):
    monkeypatch.setattr(BoundedProtocol, "leave_seconds", WITHIN_SECONDS)
    running = run()
    with running.connect() as connection, running.connect() as keeps_it_alive:
        connection.sendall(REQUEST)
        assert b"connection: close" not in connection.recv(65_536) + connection.recv(65_536)
        running.app.go.clear()
        keeps_it_alive.sendall(REQUEST)
        assert running.app.asked.acquire(timeout=WITHIN_SECONDS)
        running.order()
        eventually(lambda: not accepts(running))
        connection.sendall(REQUEST)
        running.app.go.set()
        answer = everything_from(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer


def test_who_asks_nothing_is_let_go_cleanly_and_does_not_keep_it(run, monkeypatch):
    monkeypatch.setattr(BoundedProtocol, "leave_seconds", 0.05)
    running = run()
    with running.connect() as silent, running.connect() as idle:
        idle.sendall(REQUEST)
        idle.recv(65_536)
        running.order()
        assert everything_from(silent) == b""
        assert everything_from(idle) in (b"", b"done")
        assert running.ended()


class LateClients(DrainingServer):
    """Clients connect in the last moment: the event loop never gets to accept them."""

    def __init__(self, *arguments: Any, **how: Any) -> None:
        super().__init__(*arguments, **how)
        self.late: list[socket.socket] = []

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for _ in range(20):
            client = socket.create_connection(self.servers[0].sockets[0].getsockname())
            client.settimeout(WITHIN_SECONDS)
            client.sendall(REQUEST)
            self.late.append(client)
        await super().shutdown(sockets)


def test_connections_that_wait_to_be_accepted_are_taken_before_the_listener_closes(run):
    running = run(kind=LateClients)
    running.order()
    assert running.ended()
    answers = [everything_from(client) for client in running.server.late]
    assert len(answers) == 20
    assert all(answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"done") for answer in answers)
    for client in running.server.late:
        client.close()


def test_nobody_is_accepted_afterwards(run):
    running = run()
    running.order()
    assert running.ended()
    assert not accepts(running)


def test_a_request_that_takes_too_long_is_given_up(run, monkeypatch):
    monkeypatch.setattr("api.drain.GRACE_SECONDS", 0.05)
    running = run()
    running.app.go.clear()
    with running.connect() as connection:
        connection.sendall(REQUEST)
        running.app.asked.acquire()
        running.order()
        assert running.ended()
    assert running.app.happened == ["startup", "ending", "shutdown"]


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_order_ends_it_sooner_and_commits_all_the_same(run, second):
    running = run()
    running.app.go.clear()
    with running.connect() as connection:
        connection.sendall(REQUEST)
        running.app.asked.acquire()
        running.order()
        assert not running.ended(0.3)
        started = time.monotonic()
        running.order(second)
        assert running.ended()
        assert time.monotonic() - started < 2.0
    assert running.app.happened[-1] == "shutdown"


def test_a_worker_is_not_hurried_by_the_same_order_from_two_sides(run):
    running = run(hurried_by={signal.SIGINT})
    running.app.go.clear()
    with running.connect() as connection:
        connection.sendall(REQUEST)
        running.app.asked.acquire()
        running.order()
        running.order()
        assert not running.ended(0.3)
        running.app.go.set()
        assert everything_from(connection).endswith(b"done")
    assert running.ended()


def test_it_ends_by_itself_when_its_parent_is_gone(run):
    nobody = os.getpid()  # the parent of this process is another
    running = run(parent=nobody)
    assert running.ended()
    assert running.app.happened == ["startup", "ending", "shutdown"]


def accepts(running: Running) -> bool:
    try:
        running.connect().close()
    except ConnectionRefusedError:
        return False
    return True
