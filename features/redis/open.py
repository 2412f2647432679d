"""From the URL of a Redis, or of a cluster of them, to the way there."""

from __future__ import annotations

from features.redis.cluster import RedisClusterLink
from features.redis.link import TIMEOUT_S, Address, Link, RedisLink

ALONE = ("redis://", "rediss://")
CLUSTER = ("redis+cluster://", "rediss+cluster://")
REDIS = (*ALONE, *CLUSTER)


def open_link(url: str, timeout_s: float = TIMEOUT_S) -> Link:
    """The way to ``redis[s]://…``, or to ``redis[s]+cluster://[user[:password]@]host:port[,host:port…]``."""
    if url.startswith(CLUSTER):
        return RedisClusterLink(cluster_addresses(url), timeout_s)
    return RedisLink(Address.parse(url), timeout_s)


def cluster_addresses(url: str) -> list[Address]:
    """The nodes that a cluster's URL names."""
    scheme, _, rest = url.partition("://")
    login, at, hosts = rest.strip("/").rpartition("@")
    alone = scheme.replace("+cluster", "")
    return [Address.parse(f"{alone}://{login}{at}{host}") for host in hosts.split(",")]
