"""How a journal's scripts get to the Redis that keeps it: one server here, a cluster in ``journal.cluster``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

from engine.errors import ConfigError
from engine.journal.base import Durability

Argument = str | bytes | int
_SETTINGS = ("appendonly", "appendfsync", "no-appendfsync-on-rewrite", "maxmemory-policy")
Entry = tuple[bytes, Mapping[bytes, bytes]]
"""A stream's entry: its id, and its fields."""


class Link(Protocol):
    """Runs scripts where the journal's keys are. Raises ``redis.RedisError`` or ``JournalError``."""

    def require(self, durability: Durability) -> None:
        """Raises ``ConfigError`` if less is kept than ``durability`` asks for."""
        ...

    def run(self, script: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """The script's answer: what it wrote, and what it read, lasts. ``keys`` are always all of the journal's."""
        ...

    def look(self, script: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """The answer of a script that only reads; what it read lasts. Patient: nobody waits for it but whoever asks."""
        ...

    def glance(self, script: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """The answer of a script that only reads; what it read may still be lost with its server."""
        ...

    def entries(self, keys: Sequence[str], after: int, limit: int) -> list[Entry]:
        """At most ``limit`` entries of the stream ``keys[0]`` after a position; they last. As patient as ``look``."""
        ...

    def close(self) -> None:
        """Release the connections."""
        ...


class OneRedis:
    """A ``Link`` to a single server, which keeps what it answers.

    Args:
        url: ``redis://host:port/db``.
        timeout_s: longest wait for an answer.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        try:
            self._client = redis.Redis.from_url(url, **asked_once(timeout_s))
        except ValueError as error:
            raise ConfigError(f"the journal's URL: {error}") from error
        self._scripts: dict[str, Script] = {}

    def require(self, durability: Durability) -> None:
        """See ``Link``."""
        require_durable(self._client, durability, "the journal's Redis")

    def run(self, script: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """See ``Link``."""
        if script not in self._scripts:
            self._scripts[script] = self._client.register_script(script)
        return self._scripts[script](keys, arguments)

    def look(self, script: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """See ``Link``."""
        return self.run(script, keys, arguments)

    def glance(self, script: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """See ``Link``."""
        return self.run(script, keys, arguments)

    def entries(self, keys: Sequence[str], after: int, limit: int) -> list[Entry]:
        """See ``Link``."""
        found: Any = self._client.xrange(keys[0], min=f"({after}-0", count=limit)
        return list(found)

    def close(self) -> None:
        """See ``Link``."""
        self._client.close()


def asked_once(timeout_s: float) -> dict[str, Any]:
    """How a client waits for an answer, and never asks again by itself: callers wait, and only they know what for."""
    return {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s, "retry": Retry(NoBackoff(), 0)}


def require_durable(client: redis.Redis, durability: Durability, which: str) -> None:
    """Raises ``ConfigError`` if this server, called ``which``, keeps less than ``durability`` asks for."""
    settings = _settings(client, which)
    if settings["appendonly"] != "yes":
        raise ConfigError(f"{which} keeps nothing: set `appendonly yes`")
    if settings["maxmemory-policy"].startswith("allkeys"):
        raise ConfigError(f"{which} may drop any key when its memory is full: set `maxmemory-policy noeviction`")
    if durability == "power" and settings["appendfsync"] != "always":
        raise ConfigError(
            f"{which} has `appendfsync {settings['appendfsync']}`: set `appendfsync always`, "
            "or MAITRED_DURABILITY=process and lose the last seconds with the power"
        )
    if durability == "power" and settings["no-appendfsync-on-rewrite"] != "no":
        raise ConfigError(f"{which} does not sync while it rewrites its file: set `no-appendfsync-on-rewrite no`")


def _settings(client: redis.Redis, which: str) -> dict[str, str]:
    try:
        shown: Any = [client.config_get("*append*"), client.config_get("maxmemory-policy")]
    except redis.ResponseError as error:
        raise ConfigError(f"{which} does not show its configuration (CONFIG GET): {error}") from error
    return {**dict.fromkeys(_SETTINGS, ""), **shown[0], **shown[1]}
