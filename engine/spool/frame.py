"""How a spool file holds records: frames with length and checksum, so that a torn or changed one is never read.

A file begins with ``HEADER``. A frame is the length of its payload and the CRC-32 of length and payload (4 bytes each,
big endian), then the payload: the time at which the record was taken (µs, 8 bytes) and the record as ``records.codec``
writes it.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from engine.errors import CorruptRecord
from engine.records.codec import decode, encode
from engine.records.schema import AnyRecord

HEADER = b"maitred spool 1\n"
_FRAME = struct.Struct(">II")
_LENGTH = struct.Struct(">I")
_TIME = struct.Struct(">Q")


class Waiting(NamedTuple):
    """A record that waits for the journal, and when it was taken."""

    time_us: int
    record: AnyRecord


class Scanned(NamedTuple):
    """What was read: whole frames, and the offset behind the last of them."""

    waiting: list[Waiting]
    end: int


def framed(waiting: Waiting) -> bytes:
    """The frame of a record. Raises ``CorruptRecord`` if it has no bytes."""
    payload = _TIME.pack(waiting.time_us) + encode(waiting.record)
    return _FRAME.pack(len(payload), _checksum(payload)) + payload


def scan(content: bytes, offset: int, most: int | None = None) -> Scanned:
    """The frames in a file's content from ``offset`` on, up to the first that is torn or not what was written.

    Args:
        most: how many at most.
    """
    waiting: list[Waiting] = []
    at = 0
    while most is None or len(waiting) < most:
        payload = _payload(content, at)
        taken = None if payload is None else _taken(payload)
        if payload is None or taken is None:
            break
        waiting.append(taken)
        at += _FRAME.size + len(payload)
    return Scanned(waiting, offset + at)


def _payload(content: bytes, at: int) -> bytes | None:
    if len(content) < at + _FRAME.size:
        return None
    length, checksum = _FRAME.unpack_from(content, at)
    payload = content[at + _FRAME.size : at + _FRAME.size + length]
    return payload if len(payload) == length and _checksum(payload) == checksum else None


def _taken(payload: bytes) -> Waiting | None:
    if len(payload) < _TIME.size:
        return None
    try:
        return Waiting(_TIME.unpack_from(payload)[0], decode(payload[_TIME.size :]))
    except CorruptRecord:
        return None


def _checksum(payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(_LENGTH.pack(len(payload))))
