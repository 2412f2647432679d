"""Feast's entity keys (serialization version 3), made without Feast.

Layout of ``feast.infra.key_encoding_utils.serialize_entity_key`` for one join key with a string value; every integer
is little-endian, four bytes: ``1 · STRING · len(key) · key · STRING · len(value) · value``.
"""

from __future__ import annotations

import struct

STRING = 2
_UINT32 = struct.Struct("<I").pack


class EntityKeys:
    """Makes the keys of one join key; the constant part is made once."""

    __slots__ = ("_prefix",)

    def __init__(self, join_key: str) -> None:
        name = join_key.encode()
        self._prefix = _UINT32(1) + _UINT32(STRING) + _UINT32(len(name)) + name + _UINT32(STRING)

    @property
    def between(self) -> tuple[bytes, bytes]:
        """All keys of the join key are greater than the first and less than the second."""
        return self._prefix, self._prefix[:-1] + b"\x01"

    def key(self, value: str) -> bytes:
        """The key of one entity."""
        encoded = value.encode()
        return self._prefix + _UINT32(len(encoded)) + encoded
