"""What a cluster journal's URL says: ``redis+cluster://host:port[,host:port…]?shards=3&confirm=1#name``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from engine.errors import ConfigError

PLAIN, TLS = "redis+cluster", "rediss+cluster"
CLUSTER = (f"{PLAIN}://", f"{TLS}://")
EXPECTED = f"expected {PLAIN}://<host>:<port>[,<host>:<port>…][?shards=<number>][&confirm=<number>][#<name>]"
DEFAULT_PORT = 6379
MOST_SHARDS = 1_024
_NAME = re.compile(r"[\w.-]{1,200}")
_HOST = re.compile(r"(?P<host>\[[^\]]+\]|[^:\[\]]+)(?::(?P<port>\d{1,5}))?")


class Address(NamedTuple):
    """Where a node listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterUrl:
    """A journal in a Redis Cluster.

    Attributes:
        addresses: of some nodes; the others are asked for.
        name: of the journal; several may share a cluster.
        shards: how many it has; ``None`` for as many as it was made with, which is one for each master by default.
        confirm: replicas that must have a record before it is acknowledged or read; ``None`` for all there are.
        username, password, tls: for every connection.
    """

    addresses: tuple[Address, ...]
    name: str
    shards: int | None = None
    confirm: int | None = None
    username: str | None = None
    password: str | None = None
    tls: bool = False


def parse(url: str, default_name: str) -> ClusterUrl:
    """Raises ``ConfigError`` for anything that is no such URL. What it says never shows the password."""
    parts = urlsplit(url)
    who, _, where = parts.netloc.rpartition("@")
    username, _, password = (unquote(part) for part in who.partition(":"))
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    name = unquote(parts.fragment) or default_name
    if parts.scheme not in (PLAIN, TLS) or parts.path not in ("", "/") or options.keys() - {"shards", "confirm"}:
        raise ConfigError(f"the journal's URL: {EXPECTED}")
    if not _NAME.fullmatch(name):
        raise ConfigError(f"the journal's name {name!r}: letters, digits, dots, dashes and underscores are possible")
    return ClusterUrl(
        addresses=tuple(_address(text) for text in where.split(",")),
        name=name,
        shards=_number(options, "shards", least=1),
        confirm=_number(options, "confirm", least=0),
        username=username or None,
        password=password or None,
        tls=parts.scheme == TLS,
    )


def _address(text: str) -> Address:
    found = _HOST.fullmatch(text)
    if found is None or not 1 <= int(found["port"] or DEFAULT_PORT) <= 65_535:
        raise ConfigError(f"the journal's URL: {text!r} is no <host>:<port>; {EXPECTED}")
    return Address(found["host"].strip("[]"), int(found["port"] or DEFAULT_PORT))


def _number(options: Mapping[str, str], name: str, least: int) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and least <= int(text) <= MOST_SHARDS):
        raise ConfigError(f"the journal's URL: {name}={text!r} is no number from {least} to {MOST_SHARDS:,}")
    return int(text)
