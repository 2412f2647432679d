"""The journal in a Redis Cluster: one of its shards, the keys of which share a slot, and so a master."""

from __future__ import annotations

from itertools import count
from typing import Any

import redis

from engine.errors import ConfigError, JournalError
from engine.journal.base import BeforeCommit, Durability
from engine.journal.cluster_link import ClusterLink, slot_of
from engine.journal.cluster_map import ClusterMap
from engine.journal.cluster_url import Address, ClusterUrl
from engine.journal.redis import RedisJournal
from engine.journal.redis_link import asked_once
from features.clock import Clock

SLOTS = 16_384
_KNOWN = "return redis.call('GET', KEYS[1])"
_AGREE = "redis.call('SETNX', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])"


class RedisClusterJournal(RedisJournal):
    """A ``Journal`` (see ``journal.base``) in a stream of its own, which acknowledges and shows what replicas have.

    A record survives the loss of its shard's master if every replica confirms, which is the default (``ClusterLink``
    says how). With fewer confirmations than replicas, one that has not confirmed may be promoted. The price: while a
    replica that must confirm is away, the shard acknowledges nothing and shows nothing. ``JournalError`` says so; what
    was asked may have happened.

    Args:
        shard: which one of ``shards``, from 0.
        durability: what its master and each of its replicas must be set to keep.
        before_commit, clock: as ``RedisJournal`` takes them.

    Raises:
        ConfigError: a node keeps less than ``durability`` asks for.
        JournalError: nobody answers for the slot.
    """

    def __init__(
        self,
        url: ClusterUrl,
        shard: int,
        shards: int,
        *,
        durability: Durability = "power",
        before_commit: BeforeCommit | None = None,
        clock: Clock | None = None,
    ) -> None:
        tag = shard_tag(url.name, shard, shards)
        super().__init__(
            "",
            name=tag,
            durability=durability,
            before_commit=before_commit,
            clock=clock,
            link=_link(url, nodes_of(url), tag),
        )


def agreed_shards(url: ClusterUrl, *, make: bool = True) -> int:
    """How many shards the journal has. The first who asks says: as many as in the URL, or one for each master.

    Args:
        make: ``False`` only asks; 0 if nobody said yet.

    Raises:
        ConfigError: the URL says another number than the first one did: records would be looked for where they are not.
    """
    nodes = nodes_of(url)
    link = _link(url, nodes, url.name)
    keys = (f"{{{url.name}}}:shards",)
    try:
        known = int(link.glance(_KNOWN, keys, ()) or 0)
        if make and not known:
            known = int(link.run(_AGREE, keys, (url.shards or nodes.masters(),)))
    except redis.RedisError as error:
        raise JournalError(f"open the journal: {error}") from error
    finally:
        link.close()
    if known and url.shards not in (None, known):
        raise ConfigError(f"the journal {url.name!r} has {known} shards, not {url.shards}: that never changes")
    return known


def shard_tag(name: str, shard: int, shards: int) -> str:
    """Hash tag of a shard's keys: shards lie evenly over the slots, as masters do."""
    return next(tag for i in count() if slot_of(tag := f"{name}/{shard}/{i}") * shards // SLOTS == shard)


def nodes_of(url: ClusterUrl) -> ClusterMap:
    """The cluster, as far as it is asked. Connects to nobody yet."""

    def connect(address: Address, timeout_s: float) -> redis.Redis:
        options: dict[str, Any] = asked_once(timeout_s)
        return redis.Redis(
            address.host, address.port, username=url.username, password=url.password, ssl=url.tls, **options
        )

    return ClusterMap(url.addresses, connect)


def _link(url: ClusterUrl, nodes: ClusterMap, tag: str) -> ClusterLink:
    confirm = url.confirm
    if confirm is None:
        confirm = max(1, len(nodes.owner(slot_of(tag)).replicas))
    return ClusterLink(nodes, tag, confirm)
