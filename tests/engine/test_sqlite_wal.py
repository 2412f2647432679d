"""Files shared by processes: whoever comes while another is at work waits, and only then."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine import sqlite_wal
from engine.errors import JournalError
from engine.sqlite_wal import journal_errors, transaction

WRITE_LOCK_TO_RECOVERY_LOCK = (3, 120)
IN_USE = (1, 128)
INDEX_BYTES = 32_768

_RECOVERING = f"""
import fcntl, sys
index = open(sys.argv[1], "r+b")
fcntl.lockf(index, fcntl.LOCK_SH, *{IN_USE})
fcntl.lockf(index, fcntl.LOCK_EX, *{WRITE_LOCK_TO_RECOVERY_LOCK})
print("recovering", flush=True)
sys.stdin.read()
"""


class Recovery:
    """Another process in the midst of recovering a file after a crash: it holds the locks that SQLite's would."""

    def __init__(self, index: Path) -> None:
        index.write_bytes(bytes(INDEX_BYTES))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _RECOVERING, index], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "recovering\n"

    def end(self) -> None:
        self._process.communicate()


class Watched(sqlite3.Connection):
    """Ends the recovery as soon as SQLite has said that it is in the way."""

    refusals: list[int]
    recovery: Recovery

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        try:
            return super().execute(*arguments)
        except sqlite3.OperationalError as error:
            self.refusals.append(error.sqlite_errorcode)
            self.recovery.end()
            raise


@pytest.fixture
def crashed(tmp_path: Path) -> Path:
    """A file with a log that nobody has moved into it, as a killed process leaves it."""
    path, left = tmp_path / "whole.db", tmp_path / "left.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (n)")
        for suffix in ("", "-wal"):
            left.with_name(left.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    return left


@pytest.fixture
def connection(crashed: Path) -> Iterator[Watched]:
    recovery = Recovery(crashed.with_name("left.db-shm"))
    made = sqlite3.connect(crashed, timeout=0.0, isolation_level=None, factory=Watched)
    made.recovery, made.refusals = recovery, []
    yield made
    made.close()
    recovery.end()


def test_a_transaction_waits_for_another_process_that_recovers_the_file(connection: Watched) -> None:
    with transaction(connection):
        connection.execute("INSERT INTO t VALUES (1)")
    assert set(connection.refusals) == {sqlite3.SQLITE_BUSY_RECOVERY}
    assert connection.execute("SELECT n FROM t").fetchall() == [(1,)]


def test_nobody_waits_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_wal, "BUSY_TIMEOUT_S", 0.05)
    with (
        closing(sqlite_wal.open_writer(tmp_path / "f.db", "NORMAL")) as first,
        closing(sqlite_wal.open_writer(tmp_path / "f.db", "NORMAL")) as second,
        transaction(first),
        pytest.raises(JournalError, match="append: database is locked"),
        journal_errors("append"),
        transaction(second),
    ):
        pytest.fail("two writers at once")


def test_an_error_that_waiting_does_not_mend_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "f.db"
    sqlite_wal.open_writer(path, "NORMAL").close()
    with (
        closing(sqlite_wal.open_reader(path)) as reader,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
        transaction(reader),
    ):
        reader.execute("CREATE TABLE t (n)")


def test_a_block_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with closing(sqlite_wal.open_writer(tmp_path / "f.db", "NORMAL")) as writer:
        writer.execute("CREATE TABLE t (n NOT NULL)")
        with pytest.raises(sqlite3.IntegrityError), transaction(writer):
            writer.executemany("INSERT INTO t VALUES (?)", [(1,), (None,)])
        assert writer.execute("SELECT count(*) FROM t").fetchone() == (0,)
        assert not writer.in_transaction
