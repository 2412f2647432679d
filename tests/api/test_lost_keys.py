"""A journal without its key table cannot be read: nobody may make a new table beside it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from engine.journal.sqlite import SqliteJournal
from engine.records.schema import TickRecord


@pytest.mark.parametrize("verb", ["serve", "learn", "verify"])
def test_a_lost_key_table_is_refused_and_named(verb: str, tmp_path: Path, make_home, run_verb):
    home = make_home(tmp_path / "home")
    with closing(SqliteJournal(home / "journal.db", "process")) as journal:
        journal.append([TickRecord()])
    said = run_verb(verb, home=home)
    assert said.returncode == 1
    assert "keys.db is missing" in said.stderr
    assert not (home / "keys.db").exists()
