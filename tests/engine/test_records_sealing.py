"""Sealed parts open for their own key and record only, and never again once the key is destroyed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import SealError
from engine.records.keys import KeyTable
from engine.records.schema import PersonalEvent, PersonalPart
from engine.records.sealing import Sealer

PART = PersonalPart(
    session_id="s-1",
    user_id="ada@example.org",
    features={"user_profile.tier": "gold", "session_state.turns": 3, "user_profile.share": 0.25, "user.new": True},
    render_only={"user_profile.first_name": "Ada"},
    offered=(("x", {"price": 9.5}, None),),
    content={"text": "Good evening, Ada"},
)
AAD = b"decision-1"


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[KeyTable]:
    table = KeyTable(tmp_path / "keys.db")
    yield table
    table.close()


@pytest.fixture
def sealer(keys: KeyTable) -> Sealer:
    return Sealer(keys)


def test_a_sealed_part_opens_unchanged(keys: KeyTable, sealer: Sealer) -> None:
    ref = keys.ref_for("user", "ada")
    assert sealer.open(ref, sealer.seal(ref, PART, AAD), PersonalPart, AAD) == PART


def test_nothing_of_the_part_can_be_read_in_the_sealed_bytes(keys: KeyTable, sealer: Sealer) -> None:
    sealed = sealer.seal(keys.ref_for("user", "ada"), PART, AAD)
    assert not any(word in sealed for word in (b"ada", b"Ada", b"s-1", b"gold", b"tier"))


def test_the_same_part_is_sealed_differently_each_time(keys: KeyTable, sealer: Sealer) -> None:
    ref = keys.ref_for("user", "ada")
    assert len({sealer.seal(ref, PART, AAD) for _ in range(100)}) == 100


def test_every_changed_byte_is_noticed(keys: KeyTable, sealer: Sealer) -> None:
    ref = keys.ref_for("user", "ada")
    sealed = sealer.seal(ref, PART, AAD)
    for i in range(len(sealed)):
        with pytest.raises(SealError):
            sealer.open(ref, sealed[:i] + bytes([sealed[i] ^ 1]) + sealed[i + 1 :], PersonalPart, AAD)


@pytest.mark.parametrize("length", [0, 1, 11, 12, 13, 27, 28, -1])
def test_truncated_bytes_do_not_open(keys: KeyTable, sealer: Sealer, length: int) -> None:
    ref = keys.ref_for("user", "ada")
    with pytest.raises(SealError):
        sealer.open(ref, sealer.seal(ref, PART, AAD)[:length], PersonalPart, AAD)


def test_a_part_moved_to_another_record_does_not_open(keys: KeyTable, sealer: Sealer) -> None:
    ref = keys.ref_for("user", "ada")
    with pytest.raises(SealError):
        sealer.open(ref, sealer.seal(ref, PART, AAD), PersonalPart, b"decision-2")


def test_another_persons_key_does_not_open_it(keys: KeyTable, sealer: Sealer) -> None:
    sealed = sealer.seal(keys.ref_for("user", "ada"), PART, AAD)
    with pytest.raises(SealError):
        sealer.open(keys.ref_for("user", "grace"), sealed, PersonalPart, AAD)


def test_a_lost_key_opens_nothing(sealer: Sealer) -> None:
    with pytest.raises(SealError):
        sealer.open("never-made", bytes(40), PersonalPart, AAD)
    with pytest.raises(SealError):
        sealer.seal("never-made", PART, AAD)


def test_a_destroyed_key_opens_nothing_although_it_was_used_a_moment_ago(keys: KeyTable, sealer: Sealer) -> None:
    ref = keys.ref_for("user", "ada")
    sealed = sealer.seal(ref, PART, AAD)
    keys.flush()
    keys.forget("user", "ada")
    with pytest.raises(SealError):
        sealer.open(ref, sealed, PersonalPart, AAD)


def test_a_part_opened_as_another_type_is_refused(keys: KeyTable, sealer: Sealer) -> None:
    ref = keys.ref_for("user", "ada")
    with pytest.raises(SealError):
        sealer.open(ref, sealer.seal(ref, PART, AAD), PersonalEvent, AAD)


def test_another_process_opens_what_was_sealed_and_flushed(keys: KeyTable, sealer: Sealer, tmp_path: Path) -> None:
    ref = keys.ref_for("session", "s-1")
    sealed = sealer.seal(ref, PART, AAD)
    keys.flush()
    other = KeyTable(tmp_path / "keys.db")
    assert Sealer(other).open(ref, sealed, PersonalPart, AAD) == PART
    other.close()
