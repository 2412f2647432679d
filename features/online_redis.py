"""Feast plug-in: Feast's own Redis store, which tears down no project but its own.

``online_store: {type: features.online_redis.ExactRedisOnlineStore}``; all its settings are those of ``type: redis``.
"""

from __future__ import annotations

import struct
from typing import Literal

from feast import RepoConfig
from feast.infra.key_encoding_utils import serialize_entity_key_prefix
from feast.infra.online_stores.redis import RedisOnlineStore, RedisOnlineStoreConfig

AT_ONCE = 500
TYPE: Literal["features.online_redis.ExactRedisOnlineStore"] = "features.online_redis.ExactRedisOnlineStore"
_HEAD = struct.Struct("<II")  # the value's type, its length


class ExactRedisOnlineStoreConfig(RedisOnlineStoreConfig):
    """The ``online_store`` section."""

    # Feast finds this class by it, and the base class by its own.
    type: Literal["features.online_redis.ExactRedisOnlineStore"] = TYPE  # type: ignore[assignment]


class ExactRedisOnlineStore(RedisOnlineStore):
    """A key ends with its project's name: ``feast teardown`` of ``bandit`` would take the rows of ``mybandit``, too."""

    def delete_entity_values(self, config: RepoConfig, join_keys: list[str]) -> None:
        """Called by ``feast teardown``: drop every row of these join keys, of this project alone."""
        prefix: bytes = serialize_entity_key_prefix(join_keys, config.entity_key_serialization_version)
        project = config.project.encode()
        client = self._get_client(config.online_store)
        found = client.scan_iter(match=prefix + b"*" + project, count=AT_ONCE)
        for key in [key for key in found if _is_of(key, prefix, len(join_keys), project)]:
            client.unlink(key)


def _is_of(key: bytes, prefix: bytes, values: int, project: bytes) -> bool:
    """Whether nothing but the project's name follows the values."""
    position = len(prefix)
    for _ in range(values):
        if position + _HEAD.size > len(key):
            return False
        _, length = _HEAD.unpack_from(key, position)
        position += _HEAD.size + length
    return key[position:] == project
