"""Feast's documented Redis layout, encoded and decoded by hand.

One hash per entity, at ``entity key · project``. A feature's field is the little-endian murmur3-32 of
``view:feature`` and its value a ``feast.types.Value``; a view's event time is a ``google.protobuf.Timestamp`` in the
field ``_ts:<view>``.
"""

from __future__ import annotations

import struct

import mmh3

from features.scalars import FeatureType
from features.vector import Scalar

STRING, INT32, INT64, DOUBLE, FLOAT, BOOL = 0x12, 0x18, 0x20, 0x29, 0x35, 0x38
"""Tags of ``feast.types.Value``: field number and wire type."""

UNREADABLE = (ValueError, IndexError, struct.error)
"""What decoding raises for bytes that Feast did not write."""

_SECONDS, _NANOS = 0x08, 0x10
_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")
_FIELD = struct.Struct("<I")


def feature_field(view: str, feature: str) -> bytes:
    """The hash field of one feature."""
    return _FIELD.pack(mmh3.hash(f"{view}:{feature}", signed=False))


def timestamp_field(view: str) -> bytes:
    """The hash field of a view's event time."""
    return f"_ts:{view}".encode()


def encode_timestamp(timestamp_us: int) -> bytes:
    """Microseconds since the epoch → a ``Timestamp``, byte for byte as protobuf writes it."""
    seconds, micros = divmod(timestamp_us, 1_000_000)
    encoded = bytes((_SECONDS,)) + _varint(seconds) if seconds else b""
    return encoded + bytes((_NANOS,)) + _varint(micros * 1_000) if micros else encoded


def decode_timestamp(encoded: bytes) -> int:
    """A ``Timestamp`` → microseconds since the epoch."""
    seconds = nanos = position = 0
    while position < len(encoded):
        number, after = _read_varint(encoded, position + 1)
        if encoded[position] == _SECONDS:
            seconds = number
        else:
            nanos = number
        position = after
    return seconds * 1_000_000 + nanos // 1_000


def encode_value(type_: FeatureType, value: Scalar) -> bytes:
    """A value of its declared type → a ``Value``, byte for byte as protobuf writes it."""
    if type_ == "string":
        text = str(value).encode()
        return bytes((STRING,)) + _varint(len(text)) + text
    if type_ == "int":
        return bytes((INT64,)) + _varint(int(value) & 0xFFFF_FFFF_FFFF_FFFF)
    if type_ == "float":
        return bytes((DOUBLE,)) + _DOUBLE.pack(value)
    return bytes((BOOL, bool(value)))


def decode_value(encoded: bytes) -> Scalar | None:
    """A ``Value`` → its scalar; ``None`` for a null, which Feast writes as nothing, and for what is no scalar."""
    if not encoded:
        return None
    tag = encoded[0]
    if tag == STRING:
        start = 2 if encoded[1] < 0x80 else _read_varint(encoded, 1)[1]
        return encoded[start:].decode()
    if tag == DOUBLE:
        return float(_DOUBLE.unpack_from(encoded, 1)[0])
    if tag in (INT64, INT32):
        number, _ = _read_varint(encoded, 1)
        return number - (1 << 64) if number >> 63 else number
    if tag == BOOL:
        return encoded[1] != 0
    return float(_FLOAT.unpack_from(encoded, 1)[0]) if tag == FLOAT else None


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _read_varint(encoded: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = encoded[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
