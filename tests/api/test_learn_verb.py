"""``maitred learn`` as a process: what no retry mends stops it, with a line that says what is wrong and where."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from engine.journal.sqlite import SqliteJournal
from engine.records.keys import KeyTable
from engine.records.schema import TickRecord

PATIENCE_SECONDS = 60


def test_a_corrupt_record_ends_a_running_learner_instead_of_being_read_for_ever(tmp_path: Path) -> None:
    with closing(SqliteJournal(tmp_path / "journal.db", "process")) as journal:
        journal.append([TickRecord()])
    KeyTable(tmp_path / "keys.db").close()
    command = [sys.executable, "-m", "api.cli", "learn"]
    environment = {**os.environ, "MAITRED_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as learner:
        assert learner.stderr is not None
        assert any("learner_ready" in line for line in learner.stderr), "it reads what is sound"
        with closing(sqlite3.connect(tmp_path / "journal.db")) as connection, connection:
            connection.execute("INSERT INTO records (time_us, kind, body) VALUES (9, 'tick', x'01c1')")
        try:
            _, errors = learner.communicate(timeout=PATIENCE_SECONDS)
        finally:
            learner.kill()
    assert learner.returncode == 1
    assert "maitred: position 2: not a record of schema version 1" in errors
