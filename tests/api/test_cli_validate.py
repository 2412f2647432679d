"""``maitred validate``: every problem with line, key and what was expected; the exit code says whether it is valid."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.settings import EXAMPLE_CONFIG

EXAMPLE = EXAMPLE_CONFIG.read_text()


def validate(*arguments: str, **environment: str):
    return CliRunner().invoke(app, ["validate", *arguments], env=environment)


def spoilt(tmp_path: Path, old: str, new: str) -> tuple[Path, int]:
    """The example with the first ``old`` replaced, and the line it was in."""
    assert old in EXAMPLE
    path = tmp_path / "bot.yaml"
    path.write_text(EXAMPLE.replace(old, new, 1))
    return path, EXAMPLE[: EXAMPLE.index(old)].count("\n") + 1


def test_the_example_is_valid_and_is_what_is_checked_by_default():
    done = validate(MAITRED_CONFIG="")
    assert (done.exit_code, done.output) == (0, f"{EXAMPLE_CONFIG}: valid\n")


def test_the_configured_file_is_checked_where_none_is_named(tmp_path: Path):
    path, _ = spoilt(tmp_path, "schema_version: 1", "schema_version: 2")
    assert validate(MAITRED_CONFIG=str(path)).exit_code == 1
    assert validate(str(EXAMPLE_CONFIG), MAITRED_CONFIG=str(path)).exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "key", "expected"),
    [
        ("schema_version: 1", "schema_version: two", "schema_version", "expected one of 1"),
        ("window: ", "window: soon # ", ".reward.window", "expected a duration such as"),
        ("baseline: ", "baseline: nobody # ", ".baseline", "expected "),
        ("champion: 0.8", "champion: 8", ".traffic.champion", "expected a number from 0 to 1"),
        ("fallback:", "fallbck:", ".fallbck", "expected 'fallback'"),
        ("tone: neutral", "tone: [neutral]", ".actions[0].features.tone", "expected "),
    ],
)
def test_a_problem_is_shown_with_line_key_and_expectation(tmp_path: Path, old, new, key, expected):
    path, line = spoilt(tmp_path, old, new)
    done = validate(str(path))
    assert done.exit_code == 1
    (said,) = [each for each in done.output.splitlines() if f"line {line}: " in each and expected in each]
    assert said.startswith(f"{path}:line {line}: ")
    assert key in said
    assert "valid" not in done.output.splitlines()[-1].split(": ")[-1]


def test_every_problem_is_listed_at_once(tmp_path: Path):
    path = tmp_path / "bot.yaml"
    path.write_text("schema_version: 1\nplacements: {}\nprivacy:\n  consent: maybe\n")
    done = validate(str(path))
    assert done.exit_code == 1
    assert [line.split(": ")[1] for line in done.output.splitlines()] == ["bot", "placements", "privacy.consent"]


@pytest.mark.parametrize(("content", "found"), [(b"a: [1,", "line"), (b"\xff\xfe\x00", "bot.yaml"), (b"", "line 1")])
def test_what_is_not_yaml_is_a_problem_and_no_crash(tmp_path: Path, content, found):
    path = tmp_path / "bot.yaml"
    path.write_bytes(content)
    done = validate(str(path))
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert found in done.output


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name):
    path = tmp_path / name
    done = validate(str(path))
    assert done.exit_code == 1
    assert done.output.startswith(f"maitred: {path}: expected a readable file")
