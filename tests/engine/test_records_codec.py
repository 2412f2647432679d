"""Records to bytes and back: the format is a promise, and old bytes stay readable."""

from __future__ import annotations

import contextlib
import itertools
import zlib
from collections.abc import Sequence
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import CorruptRecord
from engine.records.codec import Codec, decode, decode_at, encode, kind_of
from engine.records.schema import (
    AnyRecord,
    ControlRecord,
    DecisionRecord,
    EventRecord,
    OutcomeRecord,
    SettlementRecord,
    ShownRecord,
    TickRecord,
)

DECIDED = DecisionRecord(
    id="d1",
    placement="offer",
    catalogue="c0ffee",
    unit="u",
    group="champion",
    candidates=("a", "b"),
    pmf=(0.75, 0.25),
    chosen=0,
    filtered={"c": "paused"},
    policy="vw",
    model_version="m1",
    encoder_version="e1",
    reason="policy",
    learnable=True,
    deferred=True,
    not_shown=True,
    degraded=("features",),
    request_digest=b"\x01\x02",
    key_ref="k1",
    sealed=b"\x03\x04",
)
NOTHING_ELIGIBLE = DecisionRecord(
    id="d2",
    placement="offer",
    catalogue="c0ffee",
    unit="u",
    group="control",
    candidates=(),
    pmf=(),
    chosen=None,
    policy="none",
    model_version="none",
    encoder_version="e1",
    reason="no eligible action",
    learnable=False,
    request_digest=b"",
    key_ref="k1",
    sealed=b"",
)
OUTCOME = OutcomeRecord(id="o1", decision_id="d1", metric="accepted", value=1.0, at=7)

GOLDEN: list[tuple[AnyRecord, str]] = [
    (
        DECIDED,
        "029f42e67ede0015a46b696e64a86465636973696f6ea26964a26431a9706c6163656d656e74a56f66666572a9636174616c6f677565a6"
        "633066666565a4756e6974a175a567726f7570a86368616d70696f6eaa63616e6469646174657392a161a162a3706d6692cb3fe8000000"
        "000000cb3fd0000000000000a663686f73656e00a866696c746572656481a163a6706175736564a6706f6c696379a27677ad6d6f64656c"
        "5f76657273696f6ea26d31af656e636f6465725f76657273696f6ea26531a6726561736f6ea6706f6c696379a96c6561726e61626c65c3"
        "a86465666572726564c3a96e6f745f73686f776ec3a8646567726164656491a86665617475726573ae726571756573745f646967657374"
        "c4020102a76b65795f726566a26b31a67365616c6564c4020304",
    ),
    (
        NOTHING_ELIGIBLE,
        "02b6cdd4e7de0011a46b696e64a86465636973696f6ea26964a26432a9706c6163656d656e74a56f66666572a9636174616c6f677565a6"
        "633066666565a4756e6974a175a567726f7570a7636f6e74726f6caa63616e6469646174657390a3706d6690a663686f73656ec0a6706f"
        "6c696379a46e6f6e65ad6d6f64656c5f76657273696f6ea46e6f6e65af656e636f6465725f76657273696f6ea26531a6726561736f6eb2"
        "6e6f20656c696769626c6520616374696f6ea96c6561726e61626c65c2ae726571756573745f646967657374c400a76b65795f726566a2"
        "6b31a67365616c6564c400",
    ),
    (ShownRecord(decision_id="d1"), "02beaad6fb82a46b696e64a573686f776eab6465636973696f6e5f6964a26431"),
    (
        OUTCOME,
        "02510405ee86a46b696e64a76f7574636f6d65a26964a26f31ab6465636973696f6e5f6964a26431a66d6574726963a861636365707465"
        "64a576616c7565cb3ff0000000000000a2617407",
    ),
    (
        OutcomeRecord(id="o2", decision_id="d1", metric="accepted", value=-0.5),
        "02d1590f8b85a46b696e64a76f7574636f6d65a26964a26f32ab6465636973696f6e5f6964a26431a66d6574726963a861636365707465"
        "64a576616c7565cbbfe0000000000000",
    ),
    (
        EventRecord(id="e1", key_ref="k1", sealed=b"\x05"),
        "025295a84284a46b696e64a56576656e74a26964a26531a76b65795f726566a26b31a67365616c6564c40105",
    ),
    (
        SettlementRecord(decision_id="d1", decision_position=3, placement="offer", reward=0.5, outcomes=2, learn=True),
        "02d5d2272387a46b696e64aa736574746c656d656e74ab6465636973696f6e5f6964a26431b16465636973696f6e5f706f736974696f6e"
        "03a9706c6163656d656e74a56f66666572a6726577617264cb3fe0000000000000a86f7574636f6d657302a56c6561726ec3",
    ),
    (TickRecord(), "026a00b89f81a46b696e64a47469636b"),
    (
        ControlRecord(action="publish", placement="offer", version="l1.9", payload={"size": 10, "sha256": "ab"}),
        "02dd05554f85a46b696e64a7636f6e74726f6ca6616374696f6ea77075626c697368a9706c6163656d656e74a56f66666572a776657273"
        "696f6ea46c312e39a77061796c6f616482a473697a650aa6736861323536a26162",
    ),
]


FIRST = [(record, "01" + golden[10:]) for record, golden in GOLDEN]
"""Version 1 had no checksum; its fields were the same."""


def named(golden: Sequence[tuple[AnyRecord, str]]) -> dict[str, Any]:
    return {"argnames": ("record", "golden"), "argvalues": golden, "ids": [kind_of(record) for record, _ in golden]}


def framed(version: int, content: bytes) -> bytes:
    """As every version since the second stores it."""
    named = bytes([version])
    return named + zlib.crc32(named + content).to_bytes(4, "big") + content


@pytest.mark.parametrize(**named(GOLDEN))
def test_bytes_of_version_two_never_change(record: AnyRecord, golden: str) -> None:
    assert encode(record).hex() == golden
    assert decode(bytes.fromhex(golden)) == record


@pytest.mark.parametrize(**named(FIRST))
def test_bytes_of_version_one_are_read_for_ever(record: AnyRecord, golden: str) -> None:
    assert decode(bytes.fromhex(golden)) == record


@pytest.mark.parametrize(**named(GOLDEN))
def test_every_changed_bit_is_noticed(record: AnyRecord, golden: str) -> None:
    body = bytes.fromhex(golden)
    for place, bit in itertools.product(range(len(body)), range(8)):
        with pytest.raises(CorruptRecord):
            decode(body[:place] + bytes([body[place] ^ 1 << bit]) + body[place + 1 :])


@pytest.mark.parametrize(**named(GOLDEN))
def test_bytes_that_are_missing_or_too_many_are_noticed(record: AnyRecord, golden: str) -> None:
    body = bytes.fromhex(golden)
    for end in range(len(body)):
        with pytest.raises(CorruptRecord):
            decode(body[:end])
    with pytest.raises(CorruptRecord):
        decode(body + b"\x00")


def test_a_corrupt_record_names_its_position() -> None:
    with pytest.raises(CorruptRecord, match="position 41: its checksum"):
        decode_at(41, encode(OUTCOME)[:-1] + b"\x08")


def test_every_kind_of_record_has_golden_bytes() -> None:
    assert {type(record) for record, _ in GOLDEN} == set(get_args(AnyRecord))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b"\x01",
        b"\x01junk",
        b"\x01" + msgspec.msgpack.encode({"kind": "gossip"}),
        b"\x01" + msgspec.msgpack.encode({"kind": "shown"}),
        b"\x01" + msgspec.msgpack.encode({"kind": "shown", "decision_id": 5}),
        b"\x01" + msgspec.msgpack.encode({"decision_id": "d1"}),
        b"\x01\x82\xa4kind\xa5shown\xabdecision_id\xa2\xff\xfe",
        b"\x01" + b"\x91" * 100_000,
    ],
)
def test_junk_is_a_corrupt_record(body: bytes) -> None:
    with pytest.raises(CorruptRecord):
        decode(body)


def test_a_version_from_the_future_is_refused_and_named() -> None:
    with pytest.raises(CorruptRecord, match="version 3"):
        decode(b"\x03" + encode(OUTCOME)[1:])


@given(st.binary(max_size=60))
def test_arbitrary_bytes_give_a_record_or_a_corrupt_record(body: bytes) -> None:
    with contextlib.suppress(CorruptRecord):
        decode(b"\x01" + body)
    with contextlib.suppress(CorruptRecord):
        decode(framed(2, body))


@pytest.mark.parametrize("payload", [{"lone": "\ud800"}, {"huge": 1 << 80}, {"what": object()}])
def test_what_cannot_be_encoded_is_a_corrupt_record(payload: dict[str, Any]) -> None:
    with pytest.raises(CorruptRecord, match="control"):
        encode(ControlRecord(action="publish", placement="offer", version="1", payload=payload))


def _renamed(old: str, new: str) -> Any:
    def migrate(fields: dict[str, Any]) -> dict[str, Any]:
        assert old in fields, "steps run in order, each on the result of the one before"
        return {new if name == old else name: value for name, value in fields.items()}

    return migrate


def test_old_bytes_are_upgraded_step_by_step() -> None:
    codec = Codec(3, {1: _renamed("reference", "decision"), 2: _renamed("decision", "decision_id")})
    shared = {"kind": "outcome", "id": "o1", "metric": "accepted", "value": 1.0, "at": 7}
    first = b"\x01" + msgspec.msgpack.encode({**shared, "reference": "d1"})
    second = framed(2, msgspec.msgpack.encode({**shared, "decision": "d1"}))

    assert codec.decode(first) == codec.decode(second) == codec.decode(codec.encode(OUTCOME)) == OUTCOME
    assert codec.encode(OUTCOME)[0] == 3


def test_old_bytes_that_fit_the_new_shape_are_still_upgraded() -> None:
    def percent_to_share(fields: dict[str, Any]) -> dict[str, Any]:
        return {**fields, "value": fields["value"] / 100} if fields["kind"] == "outcome" else fields

    codec = Codec(3, {1: percent_to_share, 2: percent_to_share})

    upgraded = codec.decode(encode(msgspec.structs.replace(OUTCOME, value=50.0)))

    assert upgraded == msgspec.structs.replace(OUTCOME, value=0.5)
    assert codec.decode(encode(TickRecord())) == TickRecord()


def _gossip(fields: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "gossip"}


def test_a_migration_to_something_that_is_no_record_is_corrupt() -> None:
    with pytest.raises(CorruptRecord):
        Codec(3, {1: _gossip, 2: _gossip}).decode(encode(OUTCOME))


@pytest.mark.parametrize("steps", [{}, {1}, {2}, {1, 2, 3}, {0, 1, 2}])
def test_a_version_without_all_its_migrations_cannot_be_built(steps: set[int]) -> None:
    with pytest.raises(ValueError, match="migrations"):
        Codec(3, dict(zip(steps, itertools.repeat(lambda fields: fields))))
