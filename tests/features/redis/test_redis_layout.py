"""Feast's Redis layout by hand: what goes in comes out, byte for byte as protobuf writes it."""

from __future__ import annotations

import math

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from features.redis.layout import (
    UNREADABLE,
    decode_timestamp,
    decode_value,
    encode_timestamp,
    encode_value,
    feature_field,
    timestamp_field,
)
from features.redis.link import Address, pack
from features.scalars import FeatureType

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(st.integers(0, 4_000_000_000_000_000))
def test_timestamps_are_what_protobuf_writes(timestamp_us: int) -> None:
    proto = Timestamp()
    proto.FromMicroseconds(timestamp_us)
    assert encode_timestamp(timestamp_us) == proto.SerializeToString()
    assert decode_timestamp(proto.SerializeToString()) == timestamp_us


@pytest.mark.parametrize(
    ("type_", "value", "encoded"),
    [
        ("string", "", "1200"),
        ("string", "gold", "1204676f6c64"),
        ("int", 0, "2000"),
        ("int", 300, "20ac02"),
        ("int", -1, "20ffffffffffffffffff01"),
        ("float", 0.0, "290000000000000000"),
        ("float", -2.5, "2900000000000004c0"),
        ("bool", False, "3800"),
        ("bool", True, "3801"),
    ],
)
def test_values_have_feasts_bytes(type_: FeatureType, value: object, encoded: str) -> None:
    assert encode_value(type_, value).hex() == encoded  # type: ignore[arg-type]


@given(
    st.one_of(
        st.tuples(st.just("string"), st.text(max_size=300)),
        st.tuples(st.just("int"), INT64),
        st.tuples(st.just("float"), st.floats(allow_nan=False)),
        st.tuples(st.just("bool"), st.booleans()),
    )
)
def test_values_come_back_as_they_were(typed: tuple[FeatureType, str | int | float | bool]) -> None:
    type_, value = typed
    back = decode_value(encode_value(type_, value))
    assert back == value
    assert type(back) is type(value)


def test_a_null_and_a_value_that_is_no_scalar_are_nothing() -> None:
    assert decode_value(b"") is None
    assert decode_value(bytes.fromhex("5a02")) is None


def test_narrow_numbers_of_other_writers_are_read() -> None:
    assert decode_value(bytes.fromhex("1805")) == 5
    assert math.isclose(float(decode_value(bytes.fromhex("350000003f")) or 0), 0.5)


@pytest.mark.parametrize("encoded", ["20", "2900", "12", "1202ff"])
def test_bytes_that_feast_did_not_write_raise_what_readers_expect(encoded: str) -> None:
    with pytest.raises(UNREADABLE):
        decode_value(bytes.fromhex(encoded))


def test_fields_are_named_as_feast_names_them() -> None:
    assert feature_field("user_profile", "tier") != feature_field("user_activity", "tier")
    assert len(feature_field("user_profile", "tier")) == 4
    assert timestamp_field("user_profile") == b"_ts:user_profile"


def test_an_address_is_read_from_its_url() -> None:
    assert Address.parse("redis://cache") == Address("cache", 6379, 0, None, None, False)
    full = Address.parse("rediss://bot:s%40fe@cache:7000/2")
    assert full == Address("cache", 7000, 2, "bot", "s@fe", True)
    assert full.greeting() == (pack("AUTH", "bot", "s@fe"), pack("SELECT", 2))
