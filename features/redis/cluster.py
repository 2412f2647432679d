"""The way to a Redis Cluster: every command goes to the master that has its key, commands for one node together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import hiredis

from features.guarded.failing import Breaker
from features.punctual import in_time
from features.redis.link import TIMEOUT_S, Address, Asked, RedisLink, pack
from features.redis.pipe import answered
from features.redis.slots import NodeName, Redirection, owners_of, redirection, slot_of

RELEARN_S = 0.2
LEARN_TIMEOUT_S = 0.25


@dataclass(slots=True, eq=False)
class _Node:
    """One server, and whether it is worth asking."""

    name: NodeName
    link: RedisLink
    breaker: Breaker


class RedisClusterLink:
    """``Link`` to a cluster. A redirection is followed once; who has which slot is learned anew after every failure.

    A node that does not answer fails the commands for it alone, and is left in peace for a while once it failed often.

    Args:
        addresses: of some nodes; the others are asked for.
        timeout_s: for a connection, and for an answer.
        now: in seconds; only differences count.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        timeout_s: float = TIMEOUT_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._entry = addresses[0]
        self._given = [NodeName(address.host, address.port) for address in addresses]
        self._timeout_s = timeout_s
        self._now = now
        self._nodes: dict[NodeName, _Node] = {}
        self._owners: list[NodeName | None] = []
        self._learning: asyncio.Task[None] | None = None
        self._learned = -RELEARN_S

    def slot(self, key: bytes) -> int:
        """See ``Link.slot``."""
        return slot_of(key)

    async def ask(self, asked: Sequence[Asked]) -> list[Any]:
        """See ``Link.ask``."""
        until = asyncio.get_running_loop().time() + self._timeout_s
        if not self._owners:
            async with asyncio.timeout_at(until):
                await asyncio.shield(self._learn())
        replies: list[Any] = [None] * len(asked)
        nodes = self._by_node(asked)
        if len(nodes) == 1:
            [(node, places)] = nodes.items()
            await self._ask_node(node, places, asked, replies, until)
        else:
            await asyncio.gather(*(self._ask_node(node, at, asked, replies, until) for node, at in nodes.items()))
        return _whole(replies)

    async def close(self) -> None:
        """See ``Link.close``."""
        if self._learning is not None:
            self._learning.cancel()
        for node in self._nodes.values():
            await node.link.close()
        self._nodes.clear()

    def _by_node(self, asked: Sequence[Asked]) -> dict[NodeName | None, list[int]]:
        nodes: dict[NodeName | None, list[int]] = {}
        for place, (key, _) in enumerate(asked):
            nodes.setdefault(self._owners[slot_of(key)], []).append(place)
        return nodes

    async def _ask_node(
        self, name: NodeName | None, places: list[int], asked: Sequence[Asked], replies: list[Any], until: float
    ) -> None:
        try:
            found = await self._exchanged(name, [asked[place].command for place in places], until)
            for place, reply in zip(places, found, strict=True):
                replies[place] = await self._followed(asked[place], reply, name, until)
        except OSError as error:
            self._relearn()
            for place in places:
                replies[place] = error

    async def _exchanged(self, name: NodeName | None, commands: Sequence[bytes], until: float) -> list[Any]:
        if name is None:
            raise ConnectionError("redis: nobody has the slot")
        node = self._node(name)
        if not node.breaker.admits():
            raise ConnectionError(f"redis: {name.host}:{name.port} does not answer")
        try:
            pipe = await in_time(node.link.pipe(), until - asyncio.get_running_loop().time())
            replies = await pipe.call(commands)
        except OSError:
            node.breaker.failed()
            raise
        node.breaker.succeeded()
        return replies

    async def _followed(self, asked: Asked, reply: Any, name: NodeName | None, until: float) -> Any:
        if not isinstance(reply, hiredis.ReplyError):
            return reply
        there = redirection(str(reply), name) if name is not None else None
        if there is None:
            raise OSError(f"redis: {reply}")
        [*_, again] = await self._exchanged(there.node, self._redirected(there, asked), until)
        return answered([again])[0]

    def _redirected(self, there: Redirection, asked: Asked) -> list[bytes]:
        if not there.moved:
            return [pack("ASKING"), asked.command]
        self._owners[there.slot] = there.node
        self._relearn()
        return [asked.command]

    def _node(self, name: NodeName) -> _Node:
        node = self._nodes.get(name)
        if node is None:
            address = replace(self._entry, host=name.host, port=name.port)
            breaker = Breaker(now=self._now, of=f"{name.host}:{name.port}")
            node = self._nodes[name] = _Node(name, RedisLink(address, self._timeout_s), breaker)
        return node

    def _relearn(self) -> None:
        if self._now() - self._learned >= RELEARN_S:
            self._learn()

    def _learn(self) -> asyncio.Task[None]:
        if self._learning is None or self._learning.done():
            self._learned = self._now()
            self._learning = asyncio.create_task(self._learn_from_any())
            self._learning.add_done_callback(_seen)
        return self._learning

    async def _learn_from_any(self) -> None:
        """Whoever answers first; they need not agree, since a wrong answer is followed by a redirection."""
        why = OSError("redis: no node of the cluster answers")
        for name in dict.fromkeys([*self._nodes, *self._given]):
            try:
                async with asyncio.timeout(LEARN_TIMEOUT_S):
                    pipe = await self._node(name).link.pipe()
                    [ranges] = answered(await pipe.call([pack("CLUSTER", "SLOTS")]))
            except OSError as error:
                why = error
                continue
            self._owners = owners_of(ranges, name)
            return
        raise why


def _whole(replies: list[Any]) -> list[Any]:
    """The replies. Raises the first failure if there is nothing else."""
    if all(isinstance(reply, OSError) for reply in replies):
        raise replies[0]
    return replies


def _seen(task: asyncio.Task[None]) -> None:
    """Nobody may be left to see why it failed."""
    if not task.cancelled():
        task.exception()
