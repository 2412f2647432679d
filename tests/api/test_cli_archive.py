"""``maitred archive``, ``retain`` and ``export`` as commands: what they print and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

QUESTION = {"placement": "greeting", "session_id": "s-1", "decision_id": "d-1"}


@pytest.fixture
def home(own_edge) -> Path:
    """A home in which one decision was made; nobody has settled it."""
    assert own_edge.send("POST", "/v1/decisions", json=QUESTION).status_code == 200
    home: Path = own_edge.service.settings.home
    return home


def test_what_is_archived_is_counted_and_what_keeps_the_rest_is_said(home: Path, run_verb):
    archived = run_verb("archive", home=home)
    assert (archived.returncode, archived.stderr) == (0, "")
    assert archived.stdout.startswith(f"{home / 'archive'}, shard 0: ")
    kept = run_verb("retain", "--older-than", "0s", home=home)
    assert kept.returncode == 0
    assert "the next decision is not settled yet" in kept.stdout
    exported = run_verb("export", "--to", str(home / "out"), home=home)
    assert exported.stdout == "0 lines, 0 of them marked _skipLearn\n"
    assert (home / "out").read_bytes() == b""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("retain", "--older-than", "90d"), "nothing of shard 0 is archived"),
        (("retain", "--older-than", "soon"), "expected a number and one of s, m, h, d"),
        (("export", "--to", "out", "--labels", "learned"), "needs --placement"),
        (("export", "--to", "out", "--placement", "nosuch"), "no placement 'nosuch'"),
        (("export", "--to", "out", "--archive", "nowhere"), "nothing is archived in nowhere"),
        (("export", "--to", "no/such/folder/out"), "could not be written"),
        (("archive", "--to", "nosuch://bucket"), "nosuch"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(home: Path, run_verb, arguments, words):
    done = run_verb(*arguments, home=home)
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.startswith("maitred: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [("archive",), ("retain", "--older-than", "1d"), ("export", "--to", "out")])
def test_a_home_without_a_journal_is_an_error_and_stays_as_it_is(tmp_path: Path, run_verb, arguments):
    done = run_verb(*arguments, home=tmp_path / "nowhere")
    assert done.returncode == 1
    assert done.stderr.startswith("maitred: ")
    assert not (tmp_path / "nowhere").exists()
