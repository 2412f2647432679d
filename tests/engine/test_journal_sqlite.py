"""What only the SQLite journal can get wrong: locks, full disks, syncs and URLs."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import ConfigError, CorruptRecord, JournalError
from engine.journal.open import open_journal
from engine.journal.sqlite import SqliteJournal
from engine.records.schema import ShownRecord, TickRecord

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


def test_positions_are_not_used_again_after_a_cut(tmp_path: Path) -> None:
    with closing(SqliteJournal(tmp_path / "j.db")) as journal:
        last = journal.append([TickRecord(), TickRecord()])[-1].position
        with closing(sqlite3.connect(tmp_path / "j.db", isolation_level=None)) as cut:
            cut.execute("DELETE FROM records")
        assert journal.append([TickRecord()])[0].position == last + 1


def test_changed_bytes_are_a_corrupt_record(tmp_path: Path) -> None:
    with closing(SqliteJournal(tmp_path / "j.db")) as journal:
        journal.append([ShownRecord(decision_id="d")])
        with closing(sqlite3.connect(tmp_path / "j.db", isolation_level=None)) as vandal:
            vandal.execute("UPDATE records SET body = x'ff00'")
        with pytest.raises(CorruptRecord):
            journal.read(0, 10)


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
