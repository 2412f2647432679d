"""A damaged home is examined to its end, and not a byte of it changes."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from api.doctor.checks import CHECKS

DYING_WRITER = """
import os, signal, sys
from pathlib import Path
from engine.journal.sqlite import SqliteJournal
from engine.records.keys import KeyTable
from engine.records.schema import TickRecord
keys = KeyTable(Path(sys.argv[1]) / "keys.db")
keys.ref_for("user", "ada"); keys.flush()
SqliteJournal(Path(sys.argv[1]) / "journal.db", "process").append([TickRecord()])
os.kill(os.getpid(), signal.SIGKILL)
"""


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwritten(path: Path) -> None:
    path.write_bytes(random.Random(7).randbytes(max(100, path.stat().st_size)))


def speckled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    chance = random.Random(7)
    for _ in range(len(content) // 50):
        content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(bytes(content))


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def gone(path: Path) -> None:
    path.unlink()


DAMAGES: tuple[Callable[[Path], None], ...] = (emptied, halved, overwritten, speckled, a_folder, gone)
FILES = (
    "features/plan.json",
    "journal.db",
    "keys.db",
    "learner.json",
    "learner.lock",
    "snapshots/greeting/CURRENT.json",
    "snapshots/greeting/*.model",
    "snapshots/greeting/*.manifest",
)
SAID_BY = {
    "features/plan.json": "plan",
    "journal.db": "journal",
    "keys.db": "keys",
    "snapshots/greeting/CURRENT.json": "models",
    "snapshots/greeting/*.model": "models",
}
SECONDS = 5.0
HARMLESS_OR_NEW = {("journal.db", gone), ("features/plan.json", gone), ("snapshots/greeting/CURRENT.json", gone)}
"""What is gone without a trace looks as if it had never been there: a warning."""


def worst(findings) -> str:
    return max((finding.status for finding in findings), key=("ok", "warn", "fail").index)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_part_is_found_by_its_check_and_left_as_it_is(home, diagnose, content_of, name, damage):
    damage(next(home.glob(name)))
    before = content_of(home)
    found = diagnose(home)
    assert list(found) == [check.name for check in CHECKS]
    assert content_of(home) == before
    assert not any("cannot be examined" in finding.what for findings in found.values() for finding in findings)
    if name in SAID_BY:
        assert worst(found[SAID_BY[name]]) == ("warn" if (name, damage) in HARMLESS_OR_NEW else "fail")


@pytest.mark.parametrize("damage", [emptied, overwritten, a_folder])
@pytest.mark.parametrize("name", ["quarantine.db", "api_keys.json"])
def test_damaged_files_beside_the_journal_are_found(home, diagnose, content_of, name, damage):
    (home / name).write_bytes(b"x")
    damage(home / name)
    before = content_of(home)
    findings = diagnose(home)[{"quarantine.db": "quarantine", "api_keys.json": "api-keys"}[name]]
    assert worst(findings) != "ok"
    assert content_of(home) == before


def test_looking_at_a_sound_home_or_at_none_leaves_no_trace(home, tmp_path, diagnose, content_of):
    before = content_of(home)
    diagnose(home)
    diagnose(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    diagnose(tmp_path / "empty")
    assert content_of(home) == before
    assert not (tmp_path / "none").exists()
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize("damage", [emptied, overwritten, a_folder])
@pytest.mark.parametrize("name", ["journal.db", "journal.db-wal", "keys.db", "keys.db-wal"])
def test_damage_beside_what_a_killed_process_left_is_found_at_once(home, diagnose, content_of, name, damage):
    """SQLite itself would delete the log beside an empty file, and write the index of a damaged log anew."""
    subprocess.run([sys.executable, "-c", DYING_WRITER, str(home)], check=False)
    damage(home / name)
    before, started = content_of(home), time.monotonic()
    found = diagnose(home)
    assert time.monotonic() - started < SECONDS
    assert content_of(home) == before
    assert not any("cannot be examined" in finding.what for findings in found.values() for finding in findings)


def test_what_a_killed_process_left_behind_is_read_and_left_as_it_is(home, diagnose, content_of):
    died = subprocess.run([sys.executable, "-c", DYING_WRITER, str(home)], check=False)
    assert died.returncode == -signal.SIGKILL
    assert (home / "journal.db-wal").stat().st_size > 0
    before = content_of(home)
    found = diagnose(home)
    assert content_of(home) == before
    [finding] = found["journal"]
    positions = int(finding.what.split()[0])
    (home / "journal.db-shm").unlink()
    without_index = content_of(home)
    warning, rest = diagnose(home)["journal"]
    assert warning.status == "warn"
    assert int(rest.what.split()[0]) == positions - 1, "the record in the log is not seen, and that is said"
    assert content_of(home) == without_index


def test_a_record_that_is_none_is_named_by_its_position(home, diagnose):
    with closing(sqlite3.connect(home / "journal.db")) as journal, journal:
        journal.execute("UPDATE records SET body = 'text' WHERE position = (SELECT max(position) FROM records)")
        journal.execute("UPDATE records SET time_us = 'never' WHERE position = 3")
    [finding] = diagnose(home)["journal"]
    assert finding.status == "fail"
    assert finding.what.startswith("position ")


def test_a_file_in_place_of_the_home_is_found(tmp_path, diagnose):
    path = tmp_path / "home"
    path.write_text("not a folder")
    found = diagnose(path)
    assert worst(found["home"]) == "fail"
    assert path.read_text() == "not a folder"
