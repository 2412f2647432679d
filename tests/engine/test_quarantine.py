"""What was refused is counted, survives, stays small, holds no values, and stands in nobody's way."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from engine.quarantine import LONGEST_SUBJECT, MOST_PENDING, Quarantine
from engine.quarantine_file import MOST_ROWS, OTHER, Quarantined, QuarantineFile
from engine.refusal import Refusal

FULL = Refusal("context", "sentiment", "string-for-float", "d1")
WIDE = ("count", "first_us", "last_us", "decision_id")


class Clock:
    def __init__(self) -> None:
        self.now_us = 100

    def __call__(self) -> int:
        self.now_us += 1
        return self.now_us


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "quarantine.db"


@pytest.fixture
def quarantine(path: Path) -> Quarantine:
    """One that writes only when told."""
    return Quarantine(path, Clock())


def summary(rows: list[Quarantined]) -> dict[tuple[str, str, str], int]:
    return {(row.where, row.subject, row.reason): row.count for row in rows}


def test_refusals_are_counted_by_place_subject_and_reason(quarantine):
    for decision_id in ("d1", "d2", None):
        quarantine.note(Refusal("context", "sentiment", "string-for-float", decision_id))
    quarantine.note(Refusal("context", "sentiment", "bool-for-float"))
    quarantine.note(Refusal("learning", "greeting", "forgotten", "d3", position=7))
    rows = quarantine.rows()
    assert summary(rows) == {
        ("context", "sentiment", "string-for-float"): 3,
        ("context", "sentiment", "bool-for-float"): 1,
        ("learning", "greeting", "forgotten"): 1,
    }
    assert [row.where for row in rows] == ["learning", "context", "context"], "newest first"
    first = rows[-1]
    assert tuple(getattr(first, name) for name in WIDE) == (3, 101, 103, "d2")


def test_counts_add_up_over_flushes_and_restarts(path):
    for restart in range(3):
        with Quarantine(path, Clock()) as quarantine:
            quarantine.note(FULL)
            quarantine.flush()
            quarantine.note(FULL)
        assert summary(QuarantineFile(path).rows()) == {("context", "sentiment", "string-for-float"): 2 * restart + 2}


def test_two_processes_share_one_file(path):
    service, learner = Quarantine(path, Clock()), Quarantine(path, Clock())
    for _ in range(5):
        service.note(FULL)
        learner.note(FULL)
        service.flush()
        learner.flush()
    assert summary(service.rows()) == {("context", "sentiment", "string-for-float"): 10}


def test_a_record_that_is_read_again_after_a_restart_counts_once(path):
    for _ in range(3):
        with Quarantine(path, Clock()) as quarantine:
            for position in (3, 4, 9):
                quarantine.note(Refusal("learning", "greeting", "unsafe-example", position=position))
    assert quarantine.counted("learning") == {"unsafe-example": 3}
    assert quarantine.counted("context") == {}


def test_whoever_watches_is_told_every_refusal(path):
    told: list[Refusal] = []
    quarantine = Quarantine(path, Clock(), watch=told.append)
    quarantine.note(FULL)
    assert told == [FULL]


@pytest.mark.parametrize("flush_every", [1, 700, 10_000])
def test_a_flood_of_made_up_names_stays_small_and_loses_no_count(quarantine, flush_every):
    quarantine.note(FULL)
    for n in range(3_000):
        quarantine.note(Refusal("request", f"POST /v1/decisions: {n}", "invalid-body"))
        if n % flush_every == 0:
            quarantine.flush()
        assert len(quarantine._pending) <= MOST_PENDING + 2
    counted = summary(quarantine.rows())
    assert len(counted) <= MOST_ROWS + 2
    assert counted["request", OTHER, "invalid-body"] >= 3_000 - MOST_ROWS
    assert sum(counted.values()) == 3_001
    quarantine.note(Refusal("learning", "greeting", "forgotten"))
    assert ("learning", "greeting", "forgotten") in summary(quarantine.rows()), "the flood displaces nothing"


def test_a_subject_is_short_and_cannot_steer_a_terminal(quarantine):
    quarantine.note(Refusal("request", "\x1b[2J\r\n\u202e" + "x" * 1_000, "invalid-body"))
    subject = quarantine.rows()[0].subject
    assert len(subject) == LONGEST_SUBJECT
    assert subject.isprintable()
    assert subject.startswith("?[2J???xxx")


def test_a_locked_file_costs_nobody_anything(path, monkeypatch):
    monkeypatch.setattr("engine.sqlite_wal.BUSY_TIMEOUT_S", 0.01)
    quarantine = Quarantine(path, Clock())
    quarantine.note(FULL)
    quarantine.flush()
    thief = sqlite3.connect(path, isolation_level=None)
    thief.execute("BEGIN IMMEDIATE")
    for _ in range(3):
        quarantine.note(FULL)
        quarantine.flush()
    assert sum(row.count for row in quarantine.rows()) == 4, "what cannot be written yet is told all the same"
    thief.execute("ROLLBACK")
    thief.close()
    quarantine.flush()
    assert summary(QuarantineFile(path).rows()) == {("context", "sentiment", "string-for-float"): 4}
    quarantine.close()


@pytest.mark.parametrize("content", [b"this is no database at all, whatever its name says" * 20, None])
def test_a_file_that_cannot_be_used_costs_nothing_but_the_file(path, content):
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with Quarantine(path, Clock()) as quarantine:
        for n in range(MOST_PENDING * 2):
            quarantine.note(Refusal("request", str(n), "invalid-body"))
            if n % 100 == 0:
                quarantine.flush()
        assert sum(row.count for row in quarantine.rows()) == MOST_PENDING * 2
        assert quarantine.counted("learning") == {}


def test_a_full_disk_harms_nobody(quarantine):
    quarantine.note(FULL)
    quarantine.flush()
    quarantine._file._writer.execute("PRAGMA max_page_count = 1")
    for n in range(200):
        quarantine.note(Refusal("request", f"{n}" * 20, "invalid-body"))
    quarantine.flush()
    assert sum(row.count for row in quarantine.rows()) == 201
    quarantine.close()


def test_noting_does_not_wait_for_the_disk(path):
    """A writer that is stuck in the disk holds up neither those who note nor their counts."""
    quarantine = Quarantine(path, Clock())
    arrived, go_on = threading.Event(), threading.Event()

    class Stuck(QuarantineFile):
        def add(self, entries):
            arrived.set()
            assert go_on.wait(10)
            super().add(entries)

    quarantine._file = Stuck(path)
    quarantine.note(FULL)
    writer = threading.Thread(target=quarantine.flush)
    writer.start()
    assert arrived.wait(10)
    for _ in range(100):
        quarantine.note(FULL)
    go_on.set()
    writer.join()
    assert sum(row.count for row in quarantine.rows()) == 101


def test_the_background_writes_by_itself(path):
    with Quarantine(path, Clock(), every_s=0.001) as quarantine:
        written = threading.Event()

        class Telling(QuarantineFile):
            def add(self, entries):
                super().add(entries)
                written.set()

        quarantine._file = Telling(path)
        quarantine.note(FULL)
        assert written.wait(10)
    assert len(QuarantineFile(path).rows()) == 1


def test_nothing_was_ever_refused(path):
    assert Quarantine(path).rows() == []
    assert not path.exists()
