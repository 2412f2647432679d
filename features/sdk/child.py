"""The process that runs Feast's own client: started, called and stopped from the serving process."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import msgspec

from features.errors import RepositoryError
from features.registry.control_plane import leaf_environment
from features.repository import configuration
from features.sdk.messages import LENGTH, Call, Failed, Message, Reply, decode_reply, frame

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 10.0
CALL_TIMEOUT_S = 1.0


class SdkChild:
    """One child process and the socket to it.

    The constructor waits until Feast is loaded, several seconds. A child that dies later is replaced in the
    background; calls fail until its successor is ready.

    Raises:
        RepositoryError: the repository cannot be used, or the child did not start and said why on standard error.
    """

    def __init__(self, repository: Path, home: Path) -> None:
        self._repository = repository
        self._home = home
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._calls = 0
        self._writer: asyncio.StreamWriter | None = None
        self._pumping: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._socket: socket.socket | None = None
        configuration(repository, leaf_environment(home))
        self._process = self._spawn()

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    @property
    def next_id(self) -> int:
        """An id that no other call has."""
        self._calls += 1
        return self._calls

    async def call(self, call: Call) -> Reply:
        """The reply to a call.

        Raises:
            OSError: the child is gone, did not answer in time, or Feast raised.
        """
        async with asyncio.timeout(CALL_TIMEOUT_S):
            if self._writer is None:
                await asyncio.shield(self._attached())
            reply = await self._exchange(call)
        if isinstance(reply, Failed):
            raise OSError(f"feast: {reply.error}")
        return reply

    async def close(self) -> None:
        """Hang up, which ends the child, and wait for it (and for one that is just starting)."""
        if self._opening is not None:
            await asyncio.wait([self._opening])
        if self._pumping is not None:
            self._pumping.cancel()
            await asyncio.wait([self._pumping])
        if self._writer is not None:
            self._writer.close()
        if self._socket is not None:
            self._socket.close()
        await asyncio.to_thread(self._reap)

    async def _exchange(self, call: Call) -> Reply:
        if self._writer is None:
            raise ConnectionError("feast: its process is gone")
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[call.id] = future
        try:
            self._writer.write(frame(call))
            return await future
        finally:
            del self._waiting[call.id]

    def _attached(self) -> asyncio.Task[None]:
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._attach() if self._socket is not None else self._replace())
            self._opening.add_done_callback(_seen)
        if self._socket is None:
            raise ConnectionError("feast: its process is gone, another is starting")
        return self._opening

    async def _attach(self) -> None:
        reader, self._writer = await asyncio.open_connection(sock=self._socket)
        self._socket = None
        self._pumping = asyncio.create_task(self._pump(reader))

    async def _replace(self) -> None:
        await asyncio.to_thread(self._reap)
        self._process = await asyncio.to_thread(self._spawn)

    async def _pump(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                self._take(decode_reply(await reader.readexactly(length)))
        except (asyncio.IncompleteReadError, OSError, msgspec.DecodeError):
            self._lost()

    def _take(self, reply: Message) -> None:
        future = self._waiting.get(reply.id)
        if future is not None and not future.done():
            assert isinstance(reply, Reply)
            future.set_result(reply)

    def _lost(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("feast: its process is gone"))

    def _spawn(self) -> subprocess.Popen[bytes]:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "features.sdk.server", "--repository", str(self._repository.absolute())]
        with theirs:
            process = subprocess.Popen(
                [*command, "--socket", str(theirs.fileno())],
                env=leaf_environment(self._home),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        ours.settimeout(START_TIMEOUT_S)
        if not _says_ready(ours):
            ours.close()
            process.kill()
            process.wait()
            raise RepositoryError("the process that runs Feast did not start: see standard error")
        self._socket = ours
        return process

    def _reap(self) -> None:
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _says_ready(connection: socket.socket) -> bool:
    with connection.makefile("rb", buffering=0) as stream:
        try:
            header = stream.read(LENGTH.size) or b""
            return len(header) == LENGTH.size and bool(stream.read(LENGTH.unpack(header)[0]))
        except OSError:
            return False


def _seen(task: asyncio.Task[None]) -> None:
    """Nobody may be left to see why it failed."""
    if not task.cancelled():
        task.exception()
