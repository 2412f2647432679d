"""What only the SQLite journal can get wrong: locks, full disks, syncs and URLs."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import ConfigError, CorruptRecord, JournalError
from engine.journal.base import Stored
from engine.journal.open import open_journal
from engine.journal.sqlite import SqliteJournal
from engine.records.schema import EventRecord, TickRecord
from features.clock import wall_clock

PAGE = 4_096

FULL_DISK = """
import resource, sys
from pathlib import Path
from engine.errors import JournalError
from engine.journal.sqlite import SqliteJournal
from engine.records.schema import EventRecord

def event(i):
    return EventRecord(id=str(i), key_ref="k", sealed=bytes(3_000))

journal = SqliteJournal(Path(sys.argv[1]))
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, unlimited[1]))
acknowledged = 0
try:
    while True:
        journal.append([event(f"{acknowledged}-{i}") for i in range(5)])
        acknowledged += 1
except JournalError:
    pass
assert acknowledged > 3, acknowledged
assert len(journal.read(0, 10_000)) == 5 * acknowledged
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
journal.append([event("later")])
assert len(journal.read(0, 10_000)) == 5 * acknowledged + 1
"""

OPENER = """
import sys
from pathlib import Path
from engine.journal.sqlite import SqliteJournal
from engine.records.schema import TickRecord

for line in sys.stdin:
    journal = SqliteJournal(Path(line.strip()))
    print(journal.append([TickRecord()])[0].position, flush=True)
    journal.close()
"""


def test_a_full_disk_fails_the_append_whole_and_the_journal_goes_on_when_there_is_room(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path / "j.db")], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_a_lock_held_elsewhere_fails_the_append_but_no_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.sqlite_wal.BUSY_TIMEOUT_S", 0.02)
    with (
        closing(SqliteJournal(tmp_path / "j.db")) as journal,
        closing(sqlite3.connect(tmp_path / "j.db", isolation_level=None)) as other,
    ):
        journal.append([TickRecord()])
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="locked"):
            journal.append([TickRecord()])
        assert len(journal.read(0, 10)) == 1
        other.execute("ROLLBACK")
        journal.append([TickRecord()])
        assert len(journal.read(0, 10)) == 2


@pytest.mark.parametrize(("durability", "level"), [("power", 2), ("process", 1)])
def test_durability_says_when_the_log_is_synced(tmp_path: Path, durability: str, level: int) -> None:
    with closing(SqliteJournal(tmp_path / "j.db", durability)) as journal:  # type: ignore[arg-type]
        assert journal._writer.execute("PRAGMA synchronous").fetchone() == (level,)
        assert journal._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_many_processes_may_open_a_new_journal_at_once(tmp_path: Path) -> None:
    openers = [
        subprocess.Popen([sys.executable, "-c", OPENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for attempt in range(60):
        for opener in openers:
            print(tmp_path / f"{attempt}.db", file=opener.stdin, flush=True)
        answers = [opener.stdout.readline() for opener in openers if opener.stdout is not None]
        assert sorted(answers) == ["1\n", "2\n", "3\n", "4\n"]
    for opener in openers:
        opener.communicate()


def test_a_journal_whose_duplicates_used_up_positions_is_read_as_it_is(tmp_path: Path) -> None:
    """As older versions wrote it: positions were lost there, but no records."""
    with closing(SqliteJournal(tmp_path / "j.db")) as journal:
        journal.append([TickRecord() for _ in range(5)])
    with closing(sqlite3.connect(tmp_path / "j.db", isolation_level=None)) as older:
        older.execute("DELETE FROM records WHERE position IN (2, 4)")
        older.execute("DROP TABLE cut")
        older.execute("DROP TABLE lease")
    with closing(SqliteJournal(tmp_path / "j.db")) as journal:
        assert [stored.position for stored in journal.read(0, 10)] == [1, 3, 5]
        assert journal.cut_position() == 0
        assert journal.append([TickRecord(), TickRecord()])[1].position == 7
        with closing(sqlite3.connect(tmp_path / "j.db", isolation_level=None)) as vandal:
            vandal.execute("DELETE FROM records WHERE position = 6")
        with pytest.raises(CorruptRecord, match="position 6: missing"):
            journal.read(0, 10)


def test_a_page_that_was_overwritten_is_said_with_the_file_and_never_read_as_something_else(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    with closing(SqliteJournal(path)) as journal:
        journal.append([EventRecord(id=str(i), key_ref="r", sealed=bytes(200)) for i in range(100)])
        whole = journal.read(0, 1_000)
    content = path.read_bytes()
    pages, found = len(content) // PAGE, set()
    assert pages > 10
    for page in range(pages):
        path.write_bytes(content[: page * PAGE] + bytes(PAGE) + content[(page + 1) * PAGE :])
        said = complaint(path, whole)
        assert not said or str(path) in said or "missing" in said
        found.update({page} if said else ())
    assert len(found) >= pages - 2, "but for pages that nothing of this needs"


def complaint(path: Path, whole: list[Stored]) -> str:
    """Why the journal cannot be read; nothing if it is read as it was."""
    try:
        with closing(SqliteJournal(path)) as journal:
            assert journal.read(0, 1_000) == whole
            assert journal.find("event", "99") == whole[99]
    except JournalError as error:
        return str(error)
    return ""


def test_journal_time_goes_on_where_the_file_ends_although_the_clock_was_set_back(tmp_path: Path) -> None:
    ahead_us = wall_clock() + 3_600_000_000
    with closing(SqliteJournal(tmp_path / "j.db", clock=lambda: ahead_us)) as journal:
        journal.append([TickRecord()])
        journal.lease("ada", 1)
    with closing(SqliteJournal(tmp_path / "j.db")) as journal:
        first = journal.append([TickRecord()])[0].time_us
        assert ahead_us <= first < ahead_us + 60_000_000
        while journal.append([TickRecord()])[0].time_us == first:
            pass
        assert journal.lease("ben", 1).holder == "ben"


def test_a_journal_that_cannot_be_opened_names_its_path(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="nowhere"):
        SqliteJournal(tmp_path / "nowhere" / "j.db")


@pytest.mark.parametrize("url", ["", "journal.db", "sqlite:///", "sqlite://j.db", "kafka://broker/1", "/tmp/j.db"])
def test_an_unknown_url_is_a_configuration_error_that_names_what_exists(url: str) -> None:
    with pytest.raises(ConfigError, match="sqlite:///"):
        open_journal(url)


def test_a_url_with_three_slashes_is_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    open_journal("sqlite:///here.db").close()
    assert (tmp_path / "here.db").exists()
