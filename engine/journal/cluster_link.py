"""Scripts that run where a shard's slot is now, with answers that outlive the node that gave them."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import redis
from redis.crc import key_slot
from redis.exceptions import AskError, MovedError, NoScriptError

from engine.errors import ConfigError, JournalError
from engine.journal.base import Durability
from engine.journal.cluster_map import ClusterMap
from engine.journal.cluster_url import Address
from engine.journal.redis_link import Argument, Entry, require_durable

Answer = TypeVar("Answer")
Ask = Callable[[Address, bool], Answer]
"""Asks a node; True if the slot is only on its way there, and the node must be told that we know."""

REDIRECTS = 5
WAIT_MS = 1_000
LOOKS = 4
"""Longest wait for replicas: shorter than the wait for the answer, which comes after it."""

_ENTRIES = "return redis.call('XRANGE', KEYS[1], '(' .. ARGV[1] .. '-0', '+', 'COUNT', ARGV[2])"
_WITH_BARRIER = """
local function ask()
%s
end
local answer = ask()
local nothing = not answer or (type(answer) == 'table' and (answer.err or next(answer) == nil))
local barrier, years = KEYS[#KEYS], 1e12
if not nothing and redis.call('PEXPIRE', barrier, years) == 0 then redis.call('SET', barrier, '', 'PX', years) end
return answer
"""
"""The tiny write is one that a master which is out of memory does not refuse, so that it can still be read."""


def slot_of(tag: str) -> int:
    """The slot of every key with this hash tag."""
    return int(key_slot(f"{{{tag}}}".encode()))


class ClusterLink:
    """A ``Link`` to the master of one slot, whoever that is.

    Replication is asynchronous: what a master has written or shown is lost with it if its replica had not got it yet.
    So nothing counts before ``WAIT`` says that ``confirm`` replicas have it: the *barrier*. It stands after reads as
    well as after writes. A learner that saw a record which then vanished would have learned what never happened, and
    would take the record that comes to stand in its place for known. ``WAIT`` speaks only of what its own connection
    wrote; therefore every script whose answer is not empty ends with a tiny write, and script and ``WAIT`` are one
    pipeline, on one connection, to one master: first the read or append, then the tiny write, then ``WAIT``.

    Args:
        nodes: of the cluster.
        tag: hash tag of every key, which decides the slot.
        confirm: replicas that must confirm; 0 for no barrier.

    Raises:
        JournalError: too few replicas confirmed in time (it may have happened, and may be lost), or the slot is on its
            way to another node.
    """

    def __init__(self, nodes: ClusterMap, tag: str, confirm: int, wait_ms: int = WAIT_MS) -> None:
        self._nodes = nodes
        self._tag = tag
        self._slot = slot_of(tag)
        self._confirm = confirm
        self._wait_ms = wait_ms
        self._shas: dict[str, str] = {}
        self._durability: Durability = "power"
        self._durable: set[Address] = set()

    def require(self, durability: Durability) -> None:
        """Of the master, and of every replica that answers. Who becomes master later is asked then."""
        self._durability = durability
        for replica in self._nodes.owner(self._slot).replicas:
            try:
                self._check(replica)
            except (redis.ConnectionError, redis.TimeoutError):
                continue  # it confirms nothing while it is away
        self._on_master(lambda master, _: self._check(master))

    def look(self, script: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """See ``Link``. A replica that was away catches up: what it has not got yet, it has soon."""
        for _ in range(LOOKS - 1):
            with contextlib.suppress(_Unconfirmed):
                return self.run(script, keys, arguments)
        return self.run(script, keys, arguments)

    def run(self, script: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """See ``Link``."""
        if not self._confirm:
            return self.glance(script, keys, arguments)
        names = (*keys, f"{{{self._tag}}}:barrier")
        call = _Call(_WITH_BARRIER % script, names, arguments, wait=(self._confirm, self._wait_ms))
        answer, confirmed = self._called(call)
        if answer not in (None, []) and confirmed < self._confirm:
            self._nodes.suspect(self._slot)
            raise _Unconfirmed(
                f"{confirmed} of {self._confirm} replicas confirmed within {self._wait_ms} ms: "
                "it may have happened, and may be lost"
            )
        return answer

    def glance(self, script: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """See ``Link``."""
        return self._called(_Call(script, keys, arguments))[0]

    def entries(self, keys: Sequence[str], after: int, limit: int) -> list[Entry]:
        """See ``Link``."""
        found = self.look(_ENTRIES, keys, (after, limit)) or []
        return [(place, dict(zip(fields[::2], fields[1::2], strict=True))) for place, fields in found]

    def close(self) -> None:
        """See ``Link``."""
        self._nodes.close()

    def _called(self, call: _Call) -> tuple[Any, int]:
        """The script's answer and how many replicas confirmed."""
        sha = self._sha(call.script)

        def ask(node: Address, moving: bool) -> tuple[Any, int]:
            self._check_promoted(node)
            try:
                return self._sent(node, replace(call, asking=moving), "EVALSHA", sha)
            except NoScriptError:
                return self._sent(node, replace(call, asking=moving), "EVAL", call.script)

        return self._on_master(ask)

    def _sha(self, script: str) -> str:
        if script not in self._shas:
            self._shas[script] = hashlib.sha1(script.encode()).hexdigest()
        return self._shas[script]

    def _on_master(self, ask: Ask[Answer]) -> Answer:
        """Follow the slot to where it is. A node that sends us on has done nothing, so nothing is done twice."""
        for _ in range(REDIRECTS):
            master = self._nodes.owner(self._slot).master
            try:
                return ask(master, False)
            except MovedError as elsewhere:
                self._nodes.moved(self._slot, _named(elsewhere, master))
            except AskError as elsewhere:
                return ask(_named(elsewhere, master), True)
            except redis.RedisError:
                self._nodes.suspect(self._slot)
                raise
        self._nodes.suspect(self._slot)
        raise JournalError(f"slot {self._slot} is sent from node to node")

    def _sent(self, node: Address, call: _Call, verb: str, script: str) -> tuple[Any, int]:
        pipe: Any = self._nodes.client(node).pipeline(transaction=False)
        if call.asking:
            pipe.execute_command("ASKING")
        pipe.execute_command(verb, script, len(call.keys), *call.keys, *call.arguments)
        if call.wait is not None:
            pipe.execute_command("WAIT", *call.wait)
        answers = pipe.execute(raise_on_error=False)
        for answer in answers:
            if isinstance(answer, redis.RedisError):
                raise answer
        return answers[int(call.asking)], 0 if call.wait is None else answers[-1]

    def _check_promoted(self, node: Address) -> None:
        try:
            self._check(node)
        except ConfigError as error:
            raise JournalError(str(error)) from error

    def _check(self, node: Address) -> None:
        if node not in self._durable:
            require_durable(self._nodes.client(node), self._durability, f"the journal's node {node.host}:{node.port}")
            self._durable.add(node)


class _Unconfirmed(JournalError):
    """Too few replicas have what was written or read."""


@dataclass(frozen=True, slots=True)
class _Call:
    """A script with what it is about; ``wait`` is for how many replicas, and how many ms."""

    script: str
    keys: Sequence[str]
    arguments: Sequence[Argument]
    wait: tuple[int, int] | None = None
    asking: bool = False


def _named(elsewhere: AskError, by: Address) -> Address:
    """A node that does not know its own address leaves it out: it is the one we asked."""
    return Address(elsewhere.host or by.host, elsewhere.port)
