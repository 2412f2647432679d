"""The environment of a deployment: defaults that work, values that are checked, mistakes that are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from api.settings import EXAMPLE_CONFIG, SHIPPED_REPO, Settings


@pytest.fixture(autouse=True)
def no_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MAITRED_{name.upper()}", raising=False)


def test_nothing_needs_to_be_set():
    settings = Settings()
    assert settings.config == EXAMPLE_CONFIG
    assert settings.config.is_file()
    assert (settings.features_repo, settings.features_repo.is_dir()) == (SHIPPED_REPO, True)
    assert settings.durability == "power"


def test_everything_is_in_the_home(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("MAITRED_HOME", str(tmp_path))
    settings = Settings()
    assert settings.journal_url == f"sqlite:///{tmp_path / 'journal.db'}"
    assert {settings.keys_path.parent, settings.snapshots_path.parent} == {tmp_path}
    assert tmp_path in settings.plan_path.parents


def test_the_journals_url_is_absolute_wherever_the_home_is(monkeypatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    assert Settings(home=Path("here")).journal_url == f"sqlite:///{tmp_path / 'here' / 'journal.db'}"


def test_a_journal_of_ones_own_wins(monkeypatch):
    monkeypatch.setenv("MAITRED_JOURNAL", "sqlite:////elsewhere/journal.db")
    assert Settings().journal_url == "sqlite:////elsewhere/journal.db"


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.setenv(f"MAITRED_{name.upper()}", "")
    assert Settings() == Settings.model_construct()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("durability", "hope"),
        ("features_reader", "magic"),
        ("max_body_bytes", "a lot"),
        ("max_body_bytes", "1023"),
        ("max_depth", "3"),
        ("max_actions", "0"),
    ],
)
def test_a_wrong_value_is_refused_by_name(monkeypatch, name, value):
    monkeypatch.setenv(f"MAITRED_{name.upper()}", value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert [error["loc"] for error in refused.value.errors()] == [(name,)]


def test_settings_do_not_change_under_a_running_service():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().home = Path("elsewhere")  # type: ignore[misc]


def test_every_setting_says_what_it_is():
    assert all(field.description for field in Settings.model_fields.values())
