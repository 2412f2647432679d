"""Many clients that keep their connections, ask all the time, and notice how each connection ends."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections import Counter
from dataclasses import dataclass, field

END_OF_HEAD = b"\r\n\r\n"
WAIT_SECONDS = 0.02


@dataclass(slots=True)
class Seen:
    """What the clients saw.

    Attributes:
        acknowledged: ids of decisions that were answered with 200.
        statuses: how often each was answered; ``refused`` counts connections that nobody accepted.
        cut: answers that began and did not end, and connections that were reset: there must be none.
        unanswered: connections that ended after a request was sent and before anything came; a worker that is killed
            does this, one that is told to end must not.
    """

    acknowledged: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    cut: int = 0
    unanswered: int = 0


class PersistentClients:
    """``start`` to ``stop``; they run in a thread."""

    def __init__(self, port: int, clients: int) -> None:
        self.seen = Seen()
        self._port = port
        self._clients = clients
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> Seen:
        self._stop.set()
        self._thread.join()
        return self.seen

    async def _all(self) -> None:
        await asyncio.gather(*(self._client(number) for number in range(self._clients)))

    async def _client(self, number: int) -> None:
        while not self._stop.is_set():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                self.seen.refused += 1
                await asyncio.sleep(WAIT_SECONDS)
                continue
            await self._keep_asking(reader, writer, f"s{number}")
            writer.close()

    async def _keep_asking(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: str) -> None:
        head = b""
        while not self._stop.is_set() and b"connection: close" not in head:
            id = uuid.uuid4().hex
            writer.write(_request(id, session))
            try:
                head = (await reader.readuntil(END_OF_HEAD)).lower()
                await reader.readexactly(_length(head))
            except asyncio.IncompleteReadError as error:
                self.seen.unanswered += not (error.partial or head)
                self.seen.cut += bool(error.partial)
                return
            except ConnectionError:
                self.seen.cut += 1
                return
            self._take(id, int(head.split()[1]))

    def _take(self, id: str, status: int) -> None:
        self.seen.statuses[status] += 1
        if status == 200:
            self.seen.acknowledged.append(id)


def _request(id: str, session: str) -> bytes:
    body = json.dumps({"placement": "greeting", "session_id": session, "decision_id": id}).encode()
    return b"POST /v1/decisions HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def _length(head: bytes) -> int:
    return next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
