"""Who has a slot of a Redis Cluster now: asked of every node, and asked again when somebody fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import redis

from engine.errors import JournalError
from engine.journal.cluster_url import Address

Connect = Callable[[Address, float], redis.Redis]
"""Makes a client of a node, which waits so many seconds for an answer and connects when it is used."""

ANSWER_S = 2.0
LOOK_S = 0.5
"""How long nodes have to say who is who: one that hangs must not keep anybody from the others."""


class Owner(NamedTuple):
    """The master of a slot and its replicas, those out of reach too. The greater ``epoch`` is the newer truth."""

    epoch: int
    master: Address
    replicas: tuple[Address, ...]


class ClusterMap:
    """Thread-safe.

    Args:
        seeds: some of the nodes.
        connect: as ``Connect`` says.
    """

    def __init__(self, seeds: Sequence[Address], connect: Connect) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._clients: dict[Address, redis.Redis] = {}
        self._known = tuple(dict.fromkeys(seeds))
        self._owners: dict[int, Owner] = {}

    def owner(self, slot: int) -> Owner:
        """As far as is known. Raises ``JournalError`` if no node answers, or none knows who has the slot."""
        owner = self._owners.get(slot)
        if owner is None:
            owner = self._owners[slot] = self._look(slot)
        return owner

    def moved(self, slot: int, to: Address) -> None:
        """A node said so itself."""
        owner = self._owners.get(slot)
        if owner is not None:
            self._owners[slot] = owner._replace(master=to)

    def suspect(self, slot: int) -> None:
        """Its master did not do what it should: ask all nodes again."""
        self._owners.pop(slot, None)

    def masters(self) -> int:
        """How many nodes have slots. Raises ``JournalError`` if none answers."""
        return max(len(_owners(nodes)) for nodes in self._views())

    def client(self, address: Address) -> redis.Redis:
        """The one client of a node."""
        with self._lock:
            if address not in self._clients:
                self._clients[address] = self._connect(address, ANSWER_S)
            return self._clients[address]

    def close(self) -> None:
        """Release every connection."""
        with self._lock:
            for client in self._clients.values():
                client.close()

    def _look(self, slot: int) -> Owner:
        found = [owner for nodes in self._views() for owner in _owners(nodes, slot)]
        if not found:
            raise JournalError(f"no node of the cluster knows who has slot {slot}")
        return max(found)

    def _views(self) -> list[list[_Node]]:
        """The cluster as every node sees it that answers."""
        with ThreadPoolExecutor(len(self._known)) as threads:
            views = [view for view in threads.map(self._view, self._known) if view]
        if not views:
            raise JournalError("no node of the cluster answers")
        self._known = tuple(dict.fromkeys((*self._known, *(node.address for view in views for node in view))))
        return views

    def _view(self, address: Address) -> list[_Node]:
        """Empty if the node does not answer."""
        client: Any = self._connect(address, LOOK_S)
        try:
            return _nodes(address, client.execute_command("CLUSTER NODES"))
        except redis.RedisError:
            return []
        finally:
            client.close()


class _Node(NamedTuple):
    id: str
    address: Address
    master_id: str
    epoch: int
    slots: tuple[range, ...]


def _owners(nodes: Sequence[_Node], slot: int | None = None) -> list[Owner]:
    """Masters that have this slot, or any."""
    return [
        Owner(node.epoch, node.address, tuple(each.address for each in nodes if each.master_id == node.id))
        for node in nodes
        if any(slot is None or slot in slots for slots in node.slots)
    ]


def _nodes(asked: Address, answer: Any) -> list[_Node]:
    """``answer`` is what redis-py makes of ``CLUSTER NODES``."""
    return [_node(asked, where, node) for where, node in answer.items() if "noaddr" not in node["flags"]]


def _node(asked: Address, where: str, node: dict[str, Any]) -> _Node:
    """A node that does not know its own address was reached at the one we asked."""
    host, _, port = where.rpartition(":")
    slots = tuple(range(int(each[0]), int(each[-1]) + 1) for each in node["slots"])
    return _Node(node["node_id"], Address(host or asked.host, int(port)), node["master_id"], int(node["epoch"]), slots)
