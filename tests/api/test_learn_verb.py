"""``maitred learn`` as a process: what no retry mends stops it, with a line that says what is wrong and where."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from api.cli.learn import DIVERGED
from engine.journal.sqlite import SqliteJournal
from engine.records.keys import KeyTable
from engine.records.schema import TickRecord

PATIENCE_SECONDS = 60


@contextmanager
def learning(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A learner that has read the one record there is."""
    with closing(SqliteJournal(home / "journal.db", "process")) as journal:
        journal.append([TickRecord()])
    KeyTable(home / "keys.db").close()
    command = [sys.executable, "-m", "api.cli", "learn"]
    environment = {**os.environ, "MAITRED_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as learner:
        assert learner.stderr is not None
        assert any("learner_ready" in line for line in learner.stderr), "it reads what is sound"
        try:
            yield learner
        finally:
            learner.kill()


def test_a_corrupt_record_ends_a_running_learner_instead_of_being_read_for_ever(tmp_path: Path) -> None:
    with learning(tmp_path) as learner:
        with closing(sqlite3.connect(tmp_path / "journal.db")) as connection, connection:
            connection.execute("INSERT INTO records (time_us, kind, body) VALUES (9, 'tick', x'01c1')")
        _, errors = learner.communicate(timeout=PATIENCE_SECONDS)
    assert learner.returncode == 1
    assert "maitred: position 2: not a record of schema version 1" in errors


def test_a_learner_whose_journal_is_replaced_ends_with_a_code_of_its_own(tmp_path: Path) -> None:
    with learning(tmp_path) as learner:
        with closing(sqlite3.connect(tmp_path / "journal.db")) as connection, connection:
            connection.execute("DELETE FROM records")
            connection.execute("DELETE FROM sqlite_sequence")
        _, errors = learner.communicate(timeout=PATIENCE_SECONDS)
    assert learner.returncode == DIVERGED
    assert "learner_ends" in errors


def test_a_learner_that_is_told_to_stop_leaves_its_place_at_once(tmp_path: Path) -> None:
    with learning(tmp_path) as learner:
        learner.terminate()
        learner.communicate(timeout=PATIENCE_SECONDS)
    assert learner.returncode == 0
    with closing(SqliteJournal(tmp_path / "journal.db", "process")) as journal:
        assert journal.lease("next", 1_000_000).holder == "next"
