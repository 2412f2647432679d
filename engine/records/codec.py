"""Records to bytes and back: one byte of schema version, four of checksum, then msgpack.

The version stands before the record, not in it, so that bytes always say what they are, whatever a field's default is.
The checksum (CRC-32, big-endian) is of everything else, the version included; records of version 1 have none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zlib import crc32

import msgspec

from engine.errors import CorruptRecord
from engine.records.schema import SCHEMA_VERSION, AnyRecord, Record

Migration = Callable[[dict[str, Any]], dict[str, Any]]
"""The fields of a record of one version (``kind`` among them) → its fields in the next version."""

UNCHECKED = 1
"""The version before there were checksums."""
_CHECKSUM = 4
_SEEDS = tuple(crc32(bytes([version])) for version in range(256))

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[AnyRecord] = msgspec.msgpack.Decoder(AnyRecord)


class Codec:
    """Writes records of the current version, reads those of every version since the first.

    Args:
        current: the version that the classes of ``records.schema`` describe.
        migrations: version → how its records become those of the next; one for every version before ``current``.
    """

    def __init__(self, current: int, migrations: Mapping[int, Migration]) -> None:
        if sorted(migrations) != list(range(1, current)):
            raise ValueError(f"version {current} needs migrations from 1 to {current - 1}, not {sorted(migrations)}")
        self._current = current
        self._migrations = migrations
        self._prefix = bytes([current])

    def encode(self, record: AnyRecord) -> bytes:
        """The record's bytes. Raises ``CorruptRecord`` if it holds what no bytes can stand for."""
        try:
            content = _encoder.encode(record)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise CorruptRecord(f"a {kind_of(record)} record cannot be encoded: {error}") from error
        return self._prefix + crc32(content, _SEEDS[self._current]).to_bytes(_CHECKSUM, "big") + content

    def decode(self, body: bytes) -> AnyRecord:
        """The record in these bytes. Raises ``CorruptRecord`` for anything that ``encode`` never wrote."""
        version = body[0] if body else 0
        if not 1 <= version <= self._current:
            raise CorruptRecord(f"schema version {version}; this software reads 1 to {self._current}")
        content = _content(body, version)
        try:
            if version == self._current:
                return _decoder.decode(content)
            return self._upgraded(version, msgspec.msgpack.decode(content, type=dict[str, Any]))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise CorruptRecord(f"not a record of schema version {version}: {error}") from error

    def _upgraded(self, version: int, fields: dict[str, Any]) -> AnyRecord:
        for step in range(version, self._current):
            fields = self._migrations[step](fields)
        record: AnyRecord = msgspec.convert(fields, AnyRecord)
        return record


def _content(body: bytes, version: int) -> memoryview:
    if version == UNCHECKED:
        return memoryview(body)[1:]
    content = memoryview(body)[1 + _CHECKSUM :]
    if crc32(content, _SEEDS[version]) != int.from_bytes(body[1 : 1 + _CHECKSUM], "big"):
        raise CorruptRecord("its checksum does not fit: bytes were changed or are missing")
    return content


def kind_of(record: Record) -> str:
    """``"decision"``, ``"outcome"`` …: what the journal files a record under."""
    return str(type(record).__struct_config__.tag)


def _gained_a_checksum(fields: dict[str, Any]) -> dict[str, Any]:
    return fields


PRODUCTION = Codec(SCHEMA_VERSION, {1: _gained_a_checksum})
encode = PRODUCTION.encode
decode = PRODUCTION.decode


def decode_at(position: int, body: bytes) -> AnyRecord:
    """The record in a journal's bytes. Raises ``CorruptRecord`` naming the position."""
    try:
        return decode(body)
    except CorruptRecord as error:
        raise CorruptRecord(f"position {position}: {error}") from error
