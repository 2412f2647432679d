"""Which node of a Redis Cluster has a key: hash slots, and what nodes say about them."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import Any, NamedTuple

SLOTS = 16_384


class NodeName(NamedTuple):
    """Where a node listens."""

    host: str
    port: int


class Redirection(NamedTuple):
    """A node's answer that another one has the slot: from now on (``moved``), or for this one command."""

    moved: bool
    slot: int
    node: NodeName


def slot_of(key: bytes) -> int:
    """The slot of a key: CRC16 of what is between its first braces, or of the whole (Redis Cluster specification)."""
    start = key.find(b"{")
    if start >= 0:
        end = key.find(b"}", start + 1)
        if end > start + 1:
            key = key[start + 1 : end]
    return binascii.crc_hqx(key, 0) % SLOTS


def owners_of(ranges: Sequence[Any], asked: NodeName) -> list[NodeName | None]:
    """The answer to ``CLUSTER SLOTS`` → the master of each slot. A node without a name is the one that was asked."""
    owners: list[NodeName | None] = [None] * SLOTS
    for first, last, (host, port, *_), *_ in ranges:
        node = NodeName(host.decode() if host else asked.host, port)
        owners[first : last + 1] = [node] * (last + 1 - first)
    return owners


def redirection(error: str, asked: NodeName) -> Redirection | None:
    """``MOVED 3999 10.0.0.2:6379`` or ``ASK …``; ``None`` for any other error."""
    kind, *words = error.split()
    if kind not in ("MOVED", "ASK") or len(words) != 2:
        return None
    host, _, port = words[1].rpartition(":")
    return Redirection(kind == "MOVED", int(words[0]), NodeName(host or asked.host, int(port)))
