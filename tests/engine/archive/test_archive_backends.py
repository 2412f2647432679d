"""Archive, cut and history over journals on real stores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.archive.history import History
from engine.archive.retention import checked_archive, cuttable
from engine.archive.write import Archiver
from engine.journal.base import Journal
from engine.journal.redis import RedisJournal
from engine.journal.sqlite import SqliteJournal
from engine.records.codec import encode
from engine.records.schema import ControlRecord, TickRecord


class Times:
    """The clock of a journal that is written again: each record at its own time."""

    def __init__(self) -> None:
        self.now_us = 0

    def __call__(self) -> int:
        return self.now_us


@pytest.fixture(params=["sqlite", "redis"])
def journal(request, lived, tmp_path) -> Iterator[Journal]:
    """What the bot lived through, on disk or in a Redis."""
    clock = Times()
    if request.param == "sqlite":
        made: Journal = SqliteJournal(tmp_path / "journal.db", "process", clock=clock)
        yield written(made, lived, clock)
        made.close()
        return
    run_redis = request.getfixturevalue("run_redis")
    with run_redis("--appendonly", "yes", "--save", "") as port:
        made = RedisJournal(f"redis://127.0.0.1:{port}/0", durability="process", clock=clock)
        yield written(made, lived, clock)
        made.close()


def written(journal, lived, clock):
    for stored in lived.journal.read(0, 10_000):
        clock.now_us = stored.time_us
        journal.append([stored.record])
    clock.now_us += 86_400_000_000
    journal.append([TickRecord()])
    return journal


def alike(history, stored) -> bool:
    found = history.read(0, len(stored))
    return [(s.position, s.time_us, encode(s.record)) for s in found] == [
        (s.position, s.time_us, encode(s.record)) for s in stored
    ]


def test_what_is_archived_may_be_cut_and_is_all_still_there(journal, lived, files):
    everything = journal.read(0, 10_000)
    archiver = Archiver(journal, files, part_rows=10)
    while archiver.archive():
        pass
    found = cuttable(journal, lived.snapshots, checked_archive(files, 0, journal), 0)
    assert found.position == len(everything) - 1
    removed = journal.cut(found.position)
    assert removed == len([s for s in everything[:-1] if not isinstance(s.record, ControlRecord)])
    assert journal.cut_position() == found.position
    assert len(journal.read(0, 10_000)) < len(everything)
    assert alike(History(files, 0, journal), everything)
    archiver.archive()
    assert alike(History(files, 0, None), everything)
    assert cuttable(journal, lived.snapshots, checked_archive(files, 0, journal), 0).position >= found.position
