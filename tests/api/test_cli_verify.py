"""``maitred verify`` as a command: what it prints, and its exit codes."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

QUESTION = {"placement": "greeting", "session_id": "s-1", "decision_id": "d-1"}


@pytest.fixture
def home(own_edge) -> Path:
    """A home in which one decision was made; nobody has learned from it."""
    assert own_edge.send("POST", "/v1/decisions", json=QUESTION).status_code == 200
    home: Path = own_edge.service.settings.home
    return home


def test_an_intact_journal_is_proved_in_words_and_in_json(home: Path, run_verb):
    said = run_verb("verify", home=home)
    assert (said.returncode, said.stderr) == (0, "")
    assert "1 decisions" in said.stdout
    assert "all byte-identical" in said.stdout
    proof = run_verb("verify", "--json", home=home)
    assert proof.returncode == 0
    assert json.loads(proof.stdout)["identical"] is True


def test_a_record_that_is_not_one_fails_with_one_line(home: Path, run_verb):
    with sqlite3.connect(home / "journal.db") as journal:
        journal.execute("UPDATE records SET body = x'c1' WHERE kind = 'decision'")
    journal.close()
    said = run_verb("verify", home=home)
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith("maitred: ")
    assert len(said.stderr.splitlines()) == 1


def test_a_home_without_a_journal_is_an_error_and_stays_as_it_is(tmp_path: Path, run_verb):
    said = run_verb("verify", home=tmp_path / "nowhere")
    assert said.returncode == 1
    assert said.stderr.startswith("maitred: ")
    assert not (tmp_path / "nowhere").exists()
