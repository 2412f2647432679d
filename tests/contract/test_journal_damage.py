"""Damage that no transaction prevents is found and named, and never taken for the truth; a full store refuses."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import NamedTuple

import pytest

from engine.errors import CorruptRecord, JournalError
from engine.journal.base import Journal
from engine.journal.open import open_journal
from engine.records.codec import encode
from engine.records.schema import EventRecord
from tests.contract.backends import Asked, Backend, Vandal, ids, outcome

LAST = 5


class Attacked(NamedTuple):
    journal: Journal
    vandal: Vandal


@pytest.fixture
def attacked(backend: Backend, url: str, request: Asked) -> Iterator[Attacked]:
    """Five outcomes, and somebody who can get at them."""
    with closing(open_journal(url)) as journal:
        journal.append([outcome(f"o{i}") for i in range(1, LAST + 1)])
        yield Attacked(journal, backend.vandal(request, url))


def read_through(journal: Journal, limit: int) -> list[int]:
    seen = [0]
    while batch := journal.read(seen[-1], limit):
        seen += [stored.position for stored in batch]
    return seen[1:]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "a flipped bit in the value": lambda body: body[:-1] + bytes([body[-1] ^ 1]),
    "a flipped bit in the checksum": lambda body: body[:2] + bytes([body[2] ^ 128]) + body[3:],
    "a flipped bit in the version": lambda body: bytes([body[0] ^ 1]) + body[1:],
    "a lost byte at the end": lambda body: body[:-1],
    "nothing left": lambda body: b"",
    "zeros": lambda body: bytes(len(body)),
    "another record's bytes, one of them changed": lambda body: encode(outcome("x"))[:-1] + b"\x01",
}


@pytest.mark.parametrize("how", DAMAGE)
def test_changed_bytes_are_named_by_whatever_reads_them(attacked: Attacked, how: str) -> None:
    journal, vandal = attacked
    vandal.change(3, DAMAGE[how])
    reads: list[Callable[[], object]] = [
        lambda: journal.read(0, 10),
        lambda: journal.read(2, 1),
        lambda: journal.find("outcome", "d/o3"),
        lambda: journal.about("d"),
    ]
    for read in reads:
        with pytest.raises(CorruptRecord, match="position 3: "):
            read()
    assert ids(journal.read(0, 2)) == ["o1", "o2"]
    assert ids(journal.read(3, 10)) == ["o4", "o5"]


@pytest.mark.parametrize(("position", "limit"), [*itertools.product(range(1, LAST + 1), [1, 2, 10])])
def test_a_missing_record_is_named_wherever_it_was(attacked: Attacked, position: int, limit: int) -> None:
    journal, vandal = attacked
    vandal.remove(position)
    with pytest.raises(CorruptRecord, match=f"position {position}: missing"):
        read_through(journal, limit)


def test_several_missing_records_are_named_together(attacked: Attacked) -> None:
    journal, vandal = attacked
    for position in (1, 2, 4):
        vandal.remove(position)
    with pytest.raises(CorruptRecord, match="position 1 to 2, 4: missing"):
        journal.read(0, 10)


def test_what_is_lost_at_the_end_is_missed_and_not_replaced(attacked: Attacked) -> None:
    journal, vandal = attacked
    vandal.remove(4)
    vandal.remove(5)
    with pytest.raises(CorruptRecord, match="position 4 to 5: missing"):
        read_through(journal, 3)
    assert journal.append([outcome("next")])[0].position == 6
    with pytest.raises(CorruptRecord, match="position 4 to 5: missing"):
        journal.read(3, 10)


def test_what_a_cut_removed_is_not_missing_but_what_is_missing_above_it_is(attacked: Attacked) -> None:
    journal, vandal = attacked
    journal.cut(3)
    assert read_through(journal, 2) == [4, 5, 6]
    vandal.remove(4)
    with pytest.raises(CorruptRecord, match="position 4: missing"):
        journal.read(0, 10)


def big(name: str) -> EventRecord:
    return EventRecord(id=name, key_ref="r", sealed=bytes(3_000))


def append_for_ever(journal: Journal) -> None:
    for i in itertools.count():
        journal.append([outcome(f"small-{i}"), big(f"{i}-0"), big(f"{i}-1")])


def test_a_full_store_refuses_whole_batches_keeps_what_it_has_and_goes_on_when_there_is_room(
    backend: Backend, url: str, request: Asked
) -> None:
    with closing(open_journal(url)) as journal:
        journal.append([outcome("a")])
        with backend.full(request, journal):
            with pytest.raises(JournalError, match=r"full|maxmemory"):
                append_for_ever(journal)
            before = journal.last_position()
            with pytest.raises(JournalError, match=r"full|maxmemory"):
                journal.append([big(f"big-{j}") for j in range(20)])
            assert journal.last_position() == before
            assert len(journal.read(0, 1_000)) == before
            assert journal.find("outcome", "d/a") is not None
        assert before % 3 == 1
        assert journal.append([big("later")])[0].position == before + 1
        assert not journal.append([outcome("small-99")])[0].duplicate
