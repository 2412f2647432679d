"""Six real Redis servers on the loopback that are a cluster: three masters, each with a replica."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.retry import Retry

HOST = "127.0.0.1"
MASTERS = 3
SLOTS = 16_384
PATIENCE_S = 30.0
NODE_TIMEOUT_MS = 1_000
OPTIONS = (
    *("--bind", HOST, "--daemonize", "no", "--save", "", "--appendonly", "yes", "--appendfsync", "always"),
    *("--cluster-enabled", "yes", "--cluster-node-timeout", str(NODE_TIMEOUT_MS), "--cluster-require-full-coverage"),
    *("no", "--cluster-replica-validity-factor", "0", "--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0"),
)


@dataclass(eq=False)
class Node:
    """One server; it keeps its ports and its folder when it is killed and started again."""

    program: str
    folder: Path
    port: int
    bus_port: int
    client: redis.Redis = field(init=False)
    _process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.client = redis.Redis(host=HOST, port=self.port, socket_timeout=1.0, retry=Retry(NoBackoff(), 0))

    def start(self) -> None:
        """Returns at once; ``Cluster.settle`` waits for it."""
        ports = ("--port", str(self.port), "--cluster-port", str(self.bus_port))
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([self.program, *ports, *OPTIONS], cwd=self.folder, stdout=log)

    def signal(self, how: signal.Signals) -> None:
        """``SIGSTOP`` freezes it, ``SIGCONT`` wakes it."""
        assert self._process is not None
        os.kill(self._process.pid, how)

    def kill(self) -> None:
        """As ``kill -9`` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self.client.connection_pool.disconnect()

    def command(self, *words: str | int) -> Any:
        """What the server answers."""
        return self.client.execute_command(*words)

    @property
    def role(self) -> str:
        """``master`` or ``slave``; ``gone`` if it does not answer."""
        try:
            return str(self.client.info("replication")["role"])
        except redis.RedisError:
            return "gone"


@dataclass
class Cluster:
    """The servers, and who is what among them now."""

    nodes: list[Node]

    @property
    def addresses(self) -> str:
        """As in the journal's URL."""
        return ",".join(f"{HOST}:{node.port}" for node in self.nodes)

    def url(self, name: str, **options: object) -> str:
        """Of a journal in this cluster."""
        query = "&".join(f"{key}={value}" for key, value in options.items())
        return f"redis+cluster://{self.addresses}{'?' if query else ''}{query}#{name}"

    def master(self, key: str) -> Node:
        """The node that has a key's slot."""
        slot = key_slot(key.encode())
        for node in self.nodes:
            if node.role == "master" and any(low <= slot <= high for low, high in _slots_of(node)):
                return node
        raise AssertionError(f"nobody has slot {slot}")

    def replicas(self, master: Node) -> list[Node]:
        """Its replicas, as it sees them."""
        info = master.client.info("replication")
        ports = {info[name]["port"] for name in info if name.startswith("slave") and isinstance(info[name], dict)}
        return [node for node in self.nodes if node.port in ports]

    def settle(self) -> None:
        """Wait until every slot has a master that everyone agrees on, with a replica in step."""
        until(lambda: all(_is_whole(node, len(self.nodes)) for node in self.nodes), "the cluster is whole")

    def wait_for_another_master(self, key: str, than: Node) -> Node:
        """The one that was promoted in its place."""
        found: list[Node] = []

        def promoted() -> bool:
            with contextlib.suppress(AssertionError, redis.RedisError):
                found.append(self.master(key))
            return bool(found) and found[-1] is not than

        until(promoted, "a replica is promoted")
        return found[-1]


def until(holds: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Look again and again. Fails with ``what`` when patience ends."""
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


@contextlib.contextmanager
def running_cluster(program: str, folder: Path) -> Iterator[Cluster]:
    """A cluster of its own for a block."""
    ports = _free_ports(4 * MASTERS)
    nodes = [Node(program, folder / str(port), port, bus) for port, bus in zip(ports[::2], ports[1::2], strict=True)]
    try:
        for node in nodes:
            node.folder.mkdir()
            node.start()
        yield _joined(nodes)
    finally:
        for node in nodes:
            node.kill()
            node.client.close()


def _joined(nodes: list[Node]) -> Cluster:
    until(lambda: all(node.role == "master" for node in nodes), "the servers answer")
    first, masters, replicas = nodes[0], nodes[:MASTERS], nodes[MASTERS:]
    for number, master in enumerate(masters):
        low, high = SLOTS * number // MASTERS, SLOTS * (number + 1) // MASTERS - 1
        master.command("CLUSTER ADDSLOTSRANGE", low, high)
        master.command("CLUSTER SET-CONFIG-EPOCH", number + 1)
    for node in nodes[1:]:
        first.command("CLUSTER MEET", HOST, node.port, node.bus_port)
    for master, replica in zip(masters, replicas, strict=True):
        name = master.command("CLUSTER MYID").decode()
        until(lambda replica=replica, name=name: name in _known(replica), "the replicas know their masters")
        replica.command("CLUSTER REPLICATE", name)
    cluster = Cluster(nodes)
    cluster.settle()
    return cluster


def _known(node: Node) -> str:
    return str(node.client.execute_command("CLUSTER NODES"))


def _slots_of(node: Node) -> list[tuple[int, int]]:
    own = next(each for each in node.client.cluster("NODES").values() if "myself" in each["flags"])
    return [(int(slots[0]), int(slots[-1])) for slots in own["slots"]]


def _is_whole(node: Node, nodes: int) -> bool:
    try:
        info: Any = node.client.cluster("INFO")
        replication: Any = node.client.info("replication")
    except redis.RedisError:
        return False
    if (info["cluster_state"], info["cluster_slots_ok"], info["cluster_known_nodes"]) != ("ok", str(SLOTS), str(nodes)):
        return False
    if replication["role"] == "slave":
        return bool(replication["master_link_status"] == "up")
    return any(isinstance(each, dict) and each.get("state") == "online" for each in replication.values())


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        return [held.enter_context(socket.create_server((HOST, 0))).getsockname()[1] for _ in range(count)]
