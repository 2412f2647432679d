"""What the serving process and Feast's own process say to each other: length-prefixed msgpack over a socket."""

from __future__ import annotations

import struct

import msgspec

from features.vector import Scalar

LENGTH = struct.Struct(">I")


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base of all messages. A reply carries the ``id`` of its call."""

    id: int


class Read(Message, frozen=True, kw_only=True):
    """Read every view of these entities: join key → value."""

    keys: dict[str, str]


class Write(Message, frozen=True, kw_only=True):
    """Replace a row if its timestamp is still ``expected_us``."""

    view: str
    key: str
    values: dict[str, Scalar]
    timestamp_us: int
    expected_us: int | None


class Row(msgspec.Struct, frozen=True):
    """One row as Feast returned it; microseconds since the epoch."""

    timestamp_us: int
    values: dict[str, Scalar]


class Rows(Message, frozen=True, kw_only=True):
    """Reply to ``Read``: the rows that there are, by view."""

    rows: dict[str, Row]


class Written(Message, frozen=True, kw_only=True):
    """Reply to ``Write``: whether the row was replaced."""

    done: bool


class Failed(Message, frozen=True, kw_only=True):
    """Reply to anything: Feast raised."""

    error: str


Call = Read | Write
Reply = Rows | Written | Failed


def frame(message: Message) -> bytes:
    """A message as it is sent."""
    body = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(body)) + body


def decode_call(body: bytes) -> Call:
    """What was called. Raises ``msgspec.DecodeError``."""
    call: Call = msgspec.msgpack.decode(body, type=Call)
    return call


def decode_reply(body: bytes) -> Reply:
    """What was replied. Raises ``msgspec.DecodeError``."""
    reply: Reply = msgspec.msgpack.decode(body, type=Reply)
    return reply
