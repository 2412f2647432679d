"""The spool: durable, bounded, one answer for each decision, and taken over from processes that are gone."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import CorruptRecord, JournalError, SpoolFull
from engine.records.schema import AnyRecord, ControlRecord, TickRecord
from engine.spool.folder import damaged_in
from engine.spool.frame import HEADER, Waiting, framed
from engine.spool.spool import Spool
from tests.engine.spool.records import decision, outcome

ROOMY = 1_000_000


def drained(spool: Spool, most: int = 100) -> list[AnyRecord]:
    """Everything that waits, in order, as a drain takes it."""
    records: list[AnyRecord] = []
    while (batch := spool.first(most)) is not None:
        records += batch.records
        spool.drained(batch)
    return records


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of one shard; nobody has made it yet."""
    return tmp_path / "spool" / "0"


def test_nothing_is_on_the_disk_before_the_first_record_and_after_the_last(folder: Path) -> None:
    with closing(Spool(folder)) as spool:
        assert not folder.exists()
        spool.append([decision("d"), outcome("o")])
        assert len(list(folder.iterdir())) == 1
        assert drained(spool) == [decision("d"), outcome("o")]
        assert list(folder.iterdir()) == []
        assert (spool.size, spool.records) == (0, 0)


def test_records_are_drained_in_their_order_in_batches_while_more_come(folder: Path) -> None:
    with closing(Spool(folder)) as spool:
        records: list[AnyRecord] = [outcome(str(n)) for n in range(10)]
        spool.append(records[:7])
        batch = spool.first(3)
        assert batch is not None
        spool.append(records[7:])
        spool.drained(batch)
        assert batch.records + drained(spool, 4) == records


def test_a_decision_that_waits_is_found_with_its_time_until_it_is_drained(folder: Path) -> None:
    with closing(Spool(folder, clock=lambda: 7)) as spool:
        spool.append([decision("d")])
        found = spool.find("d")
        assert found is not None
        assert (found.position, found.time_us, found.record) == (0, 7, decision("d"))
        assert spool.find("another") is None
        drained(spool)
        assert spool.find("d") is None


def test_a_decision_is_kept_once_and_the_first_one_stays(folder: Path) -> None:
    with closing(Spool(folder)) as spool:
        first, second = decision("d", chosen=0), decision("d", chosen=1)
        assert [place.duplicate for place in spool.append([first, second])] == [False, True]
        assert [place.duplicate for place in spool.append([second])] == [True]
        assert all(place.spooled for place in spool.append([outcome("o")]))
        assert drained(spool) == [first, outcome("o")]


def test_what_does_not_fit_is_refused_whole_and_there_is_room_again_after_draining(folder: Path) -> None:
    frame = len(framed(Waiting(0, outcome("0"))))
    with closing(Spool(folder, max_bytes=len(HEADER) + 2 * frame)) as spool:
        spool.append([outcome("0")])
        with pytest.raises(SpoolFull):
            spool.append([outcome("1"), outcome("2")])
        spool.append([outcome("1")])
        with pytest.raises(SpoolFull):
            spool.append([outcome("2")])
        assert drained(spool) == [outcome("0"), outcome("1")]
        spool.append([outcome("2")])


def test_a_disk_that_fails_refuses_and_harms_nothing_before(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(5, "input/output error")

    with closing(Spool(folder)) as spool:
        spool.append([decision("d")])
        with monkeypatch.context() as patched:
            patched.setattr(os, "fdatasync", failing)
            with pytest.raises(SpoolFull, match="cannot be written"):
                spool.append([decision("lost"), outcome("lost")])
        assert spool.find("lost") is None
        spool.append([outcome("o")])
        assert drained(spool) == [decision("d"), outcome("o")]


def test_a_folder_that_cannot_be_made_refuses(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with closing(Spool(tmp_path / "file" / "0")) as spool, pytest.raises(SpoolFull):
        spool.append([outcome("o")])


def test_what_cannot_be_encoded_or_has_no_key_is_not_kept(folder: Path) -> None:
    def keyless() -> None:
        raise JournalError("the key table is gone")

    poison = ControlRecord(action="publish", placement="p", version="1", payload={"x": object()})
    for record in (poison, TickRecord()):
        with closing(Spool(folder)) as spool, pytest.raises(CorruptRecord):
            spool.append([outcome("o"), record])
    with closing(Spool(folder, before_append=keyless)) as spool, pytest.raises(JournalError):
        spool.append([outcome("o")])
    assert not folder.exists()


def test_a_process_takes_over_what_those_before_it_left_oldest_first(folder: Path) -> None:
    times = iter(range(100))
    clock: Callable[[], int] = lambda: next(times)  # noqa: E731
    for number in range(2):
        with closing(Spool(folder, clock=clock)) as gone:
            gone.append([decision(f"d-{number}")])
    with closing(Spool(folder, clock=clock)) as spool:
        spool.append([decision("d-2")])
        assert spool.adopt() == 2
        assert spool.adopt() == 0
        assert all(spool.find(f"d-{number}") for number in range(3))
        assert drained(spool) == [decision(f"d-{number}") for number in range(3)]
    assert list(folder.iterdir()) == []


def test_files_of_processes_that_live_are_left_alone(folder: Path) -> None:
    with closing(Spool(folder)) as one, closing(Spool(folder)) as other:
        one.append([decision("one")])
        other.append([decision("other")])
        assert one.adopt() == other.adopt() == 0
        assert drained(one) == [decision("one")]
        assert drained(other) == [decision("other")]


def test_a_process_that_dies_while_draining_leaves_all_that_was_not_forgotten(folder: Path) -> None:
    dying = Spool(folder)
    dying.append([outcome(str(n)) for n in range(4)])
    batch = dying.first(2)
    assert batch is not None
    dying.drained(batch)
    dying.close()
    with closing(Spool(folder)) as spool:
        spool.adopt()
        assert drained(spool) == [outcome(str(n)) for n in range(4)], "the first two count once by their ids"


def test_a_torn_end_costs_nothing_that_was_acknowledged(folder: Path) -> None:
    with closing(Spool(folder)) as gone:
        gone.append([decision("d"), outcome("o")])
    (file,) = folder.iterdir()
    with file.open("ab") as torn:
        torn.write(framed(Waiting(0, outcome("torn")))[:-3])
    with closing(Spool(folder)) as spool:
        spool.adopt()
        assert drained(spool) == [decision("d"), outcome("o")]
    (aside,) = damaged_in(folder.parent)
    assert aside.stat().st_size == len(framed(Waiting(0, outcome("torn")))) - 3
