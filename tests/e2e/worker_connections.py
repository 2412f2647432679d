"""Which worker is at the other end of a connection, and connections to each of them."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx

MOST_ATTEMPTS = 400


@contextlib.contextmanager
def one_to_each(port: int, workers: list[int]) -> Iterator[dict[int, httpx.Client]]:
    """Worker's process id → a client whose only connection is to that worker; it stays so while it is used."""
    with contextlib.ExitStack() as stack:
        clients: dict[int, httpx.Client] = {}
        for _ in range(MOST_ATTEMPTS):
            client = stack.enter_context(_client(port))
            worker = _worker_of(client, port, workers)
            clients.setdefault(worker, client)
            if clients[worker] is not client:
                client.close()
            if len(clients) == len(workers):
                break
        assert clients.keys() == set(workers), "some worker takes no connections"
        yield clients


def _client(port: int) -> httpx.Client:
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=None)
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30.0, limits=limits)


def _worker_of(client: httpx.Client, port: int, workers: list[int]) -> int:
    answer = client.get("/healthz")
    stream = answer.extensions["network_stream"]
    ours = stream.get_extra_info("client_addr")[1]
    inode = _inode(port, ours)
    return next(pid for pid in workers if _holds(pid, inode))


def _inode(local: int, remote: int) -> str:
    """Of the socket from a local port to a remote one, as the kernel lists it."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if (int(fields[1].split(":")[1], 16), int(fields[2].split(":")[1], 16)) == (local, remote):
            return fields[9]
    raise AssertionError(f"no connection from {local} to {remote}")


def _holds(pid: int, inode: str) -> bool:
    with contextlib.suppress(OSError):
        return any(_target(entry) == f"socket:[{inode}]" for entry in Path(f"/proc/{pid}/fd").iterdir())
    return False


def _target(entry: Path) -> str:
    with contextlib.suppress(OSError):
        return str(entry.readlink())
    return ""


def port_is_free(port: int) -> bool:
    """Whether nobody listens there."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
