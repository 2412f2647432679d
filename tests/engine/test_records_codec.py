"""Records to bytes and back: the format is a promise, and old bytes stay readable."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import CorruptRecord
from engine.records.codec import Codec, decode, encode, kind_of
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
        "01de0015a46b696e64a86465636973696f6ea26964a26431a9706c6163656d656e74a56f66666572a9636174616c6f677565a663306666"
        "6565a4756e6974a175a567726f7570a86368616d70696f6eaa63616e6469646174657392a161a162a3706d6692cb3fe8000000000000cb"
        "3fd0000000000000a663686f73656e00a866696c746572656481a163a6706175736564a6706f6c696379a27677ad6d6f64656c5f766572"
        "73696f6ea26d31af656e636f6465725f76657273696f6ea26531a6726561736f6ea6706f6c696379a96c6561726e61626c65c3a8646566"
        "6572726564c3a96e6f745f73686f776ec3a8646567726164656491a86665617475726573ae726571756573745f646967657374c4020102"
        "a76b65795f726566a26b31a67365616c6564c4020304",
    ),
    (
        NOTHING_ELIGIBLE,
        "01de0011a46b696e64a86465636973696f6ea26964a26432a9706c6163656d656e74a56f66666572a9636174616c6f677565a663306666"
        "6565a4756e6974a175a567726f7570a7636f6e74726f6caa63616e6469646174657390a3706d6690a663686f73656ec0a6706f6c696379"
        "a46e6f6e65ad6d6f64656c5f76657273696f6ea46e6f6e65af656e636f6465725f76657273696f6ea26531a6726561736f6eb26e6f2065"
        "6c696769626c6520616374696f6ea96c6561726e61626c65c2ae726571756573745f646967657374c400a76b65795f726566a26b31a673"
        "65616c6564c400",
    ),
    (ShownRecord(decision_id="d1"), "0182a46b696e64a573686f776eab6465636973696f6e5f6964a26431"),
    (
        OUTCOME,
        "0186a46b696e64a76f7574636f6d65a26964a26f31ab6465636973696f6e5f6964a26431a66d6574726963a86163636570746564a57661"
        "6c7565cb3ff0000000000000a2617407",
    ),
    (
        OutcomeRecord(id="o2", decision_id="d1", metric="accepted", value=-0.5),
        "0185a46b696e64a76f7574636f6d65a26964a26f32ab6465636973696f6e5f6964a26431a66d6574726963a86163636570746564a57661"
        "6c7565cbbfe0000000000000",
    ),
    (
        EventRecord(id="e1", key_ref="k1", sealed=b"\x05"),
        "0184a46b696e64a56576656e74a26964a26531a76b65795f726566a26b31a67365616c6564c40105",
    ),
    (
        SettlementRecord(decision_id="d1", decision_position=3, placement="offer", reward=0.5, outcomes=2, learn=True),
        "0187a46b696e64aa736574746c656d656e74ab6465636973696f6e5f6964a26431b16465636973696f6e5f706f736974696f6e03a9706c"
        "6163656d656e74a56f66666572a6726577617264cb3fe0000000000000a86f7574636f6d657302a56c6561726ec3",
    ),
    (TickRecord(), "0181a46b696e64a47469636b"),
    (
        ControlRecord(action="publish", placement="offer", version="l1.9", payload={"size": 10, "sha256": "ab"}),
        "0185a46b696e64a7636f6e74726f6ca6616374696f6ea77075626c697368a9706c6163656d656e74a56f66666572a776657273696f6ea4"
        "6c312e39a77061796c6f616482a473697a650aa6736861323536a26162",
    ),
]


@pytest.mark.parametrize(("record", "golden"), GOLDEN, ids=[kind_of(record) for record, _ in GOLDEN])
def test_bytes_of_version_one_never_change(record: AnyRecord, golden: str) -> None:
    assert encode(record).hex() == golden
    assert decode(bytes.fromhex(golden)) == record


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
        encode(OUTCOME)[:-1],
        encode(OUTCOME) + b"\x00",
    ],
)
def test_junk_is_a_corrupt_record(body: bytes) -> None:
    with pytest.raises(CorruptRecord):
        decode(body)


def test_a_version_from_the_future_is_refused_and_named() -> None:
    with pytest.raises(CorruptRecord, match="version 2"):
        decode(b"\x02" + encode(OUTCOME)[1:])


@given(st.binary(max_size=60))
def test_arbitrary_bytes_give_a_record_or_a_corrupt_record(body: bytes) -> None:
    with contextlib.suppress(CorruptRecord):
        decode(b"\x01" + body)


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
    second = b"\x02" + msgspec.msgpack.encode({**shared, "decision": "d1"})

    assert codec.decode(first) == codec.decode(second) == codec.decode(codec.encode(OUTCOME)) == OUTCOME
    assert codec.encode(OUTCOME)[0] == 3


def test_old_bytes_that_fit_the_new_shape_are_still_upgraded() -> None:
    def percent_to_share(fields: dict[str, Any]) -> dict[str, Any]:
        return {**fields, "value": fields["value"] / 100} if fields["kind"] == "outcome" else fields

    codec = Codec(2, {1: percent_to_share})

    upgraded = codec.decode(encode(msgspec.structs.replace(OUTCOME, value=50.0)))

    assert upgraded == msgspec.structs.replace(OUTCOME, value=0.5)
    assert codec.decode(encode(TickRecord())) == TickRecord()


def test_a_migration_to_something_that_is_no_record_is_corrupt() -> None:
    with pytest.raises(CorruptRecord):
        Codec(2, {1: lambda fields: {"kind": "gossip"}}).decode(encode(OUTCOME))


@pytest.mark.parametrize("steps", [{}, {1}, {2}, {1, 2, 3}, {0, 1, 2}])
def test_a_version_without_all_its_migrations_cannot_be_built(steps: set[int]) -> None:
    with pytest.raises(ValueError, match="migrations"):
        Codec(3, dict(zip(steps, itertools.repeat(lambda fields: fields))))
