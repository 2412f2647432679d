"""``maitred keys …`` and what ``maitred serve`` refuses for want of keys."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.auth.key_file import KeyFile
from api.auth.role import Role
from api.cli.keys import app


@pytest.fixture
def home(tmp_path: Path, make_home, monkeypatch: pytest.MonkeyPatch) -> Path:
    made: Path = make_home(tmp_path / "home")
    monkeypatch.setenv("MAITRED_HOME", str(made))
    return made


def keys(*arguments: str, code: int = 0) -> tuple[str, str]:
    """Standard output and standard error of ``maitred keys …``."""
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code, done.output
    return done.stdout, done.stderr


def test_adding_prints_the_key_alone_on_standard_output_and_keeps_its_hash(home: Path):
    out, told = keys("add", "bot", "--role", "decide", "--role", "outcome", "--rate", "2.5")
    (key,) = KeyFile(home / "api_keys.json").read()
    assert key.is_of(out.removesuffix("\n"))
    assert (key.name, key.roles, key.rate) == ("bot", (Role.DECIDE, Role.OUTCOME), 2.5)
    assert "cannot be shown again" in told
    assert stat.S_IMODE((home / "api_keys.json").stat().st_mode) == 0o600


def test_a_listed_key_has_everything_but_its_secret(home: Path):
    text, _ = keys("add", "bot", "--role", "read", "--rate", "7")
    keys("add", "page", "--role", "read")
    out, _ = keys("list")
    assert [line.split("  ")[0] for line in out.splitlines()] == ["bot", "page"]
    assert "7/s" in out
    assert text.split("_", 2)[2].strip() not in out


def test_a_revoked_key_is_gone(home: Path):
    keys("add", "bot", "--role", "read")
    out, _ = keys("revoke", "bot")
    assert out.startswith("revoked: bot")
    assert keys("list") == ("", "There are no API keys.\n")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("add", "bot"), 2),
        (("add", "bot", "--role", "admin"), 2),
        (("add", "bot", "--role", "read", "--rate", "0"), 2),
        (("add", "bot", "--role", "read", "--rate", "nan"), 2),
        (("add", "a bot", "--role", "read"), 1),
        (("revoke", "bot"), 1),
    ],
)
def test_what_cannot_be_done_changes_nothing(home: Path, arguments: tuple[str, ...], code: int):
    _, told = keys(*arguments, code=code)
    assert told
    assert KeyFile(home / "api_keys.json").read() == ()


@pytest.mark.parametrize("verb", [("add", "bot", "--role", "read"), ("list",), ("revoke", "bot")])
def test_a_damaged_file_is_named_and_left_as_it_is(home: Path, verb: tuple[str, ...]):
    (home / "api_keys.json").write_text("damaged")
    _, told = keys(*verb, code=1)
    assert "api_keys.json" in told
    assert (home / "api_keys.json").read_text() == "damaged"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.org"])
def test_other_machines_are_not_served_without_keys(run_verb, home: Path, host: str):
    done = run_verb("serve", "--host", host, home=home)
    assert done.returncode == 1
    assert done.stderr.startswith(f"maitred: {host} is not loopback")
    assert "`maitred keys add NAME --role decide`" in done.stderr
    assert not (home / "journal.db").exists()


def test_keys_that_are_required_on_loopback_must_be_there(run_verb, home: Path):
    done = run_verb("serve", home=home, require_keys=True)
    assert done.returncode == 1
    assert done.stderr.startswith("maitred: MAITRED_REQUIRE_KEYS is set")
    assert not (home / "journal.db").exists()


def test_damaged_keys_are_not_served_even_on_loopback(run_verb, home: Path, free_port: int):
    (home / "api_keys.json").write_text("[]")
    done = run_verb("serve", "--port", str(free_port), home=home)
    assert done.returncode == 1
    assert "api_keys.json cannot be read" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (home / "journal.db").exists()
