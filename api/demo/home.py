"""The demo's folder: a home for the service, the bot's YAML, and what Feast shall know."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import yaml

from api.demo.errors import DemoFailed
from api.settings import Settings
from engine.config import Config
from features.repository import default_repository

MARKER = "demo-home"


@dataclass(frozen=True, slots=True)
class DemoHome:
    """Where everything of one demo is."""

    folder: Path

    @property
    def service(self) -> Path:
        """``MAITRED_HOME``."""
        return self.folder / "home"

    @property
    def offline(self) -> Path:
        """``MAITRED_OFFLINE``: Parquet sources, outside the service's home."""
        return self.folder / "offline"

    @property
    def own_repository(self) -> Path:
        """Where a data set may put a Feast repository of its own."""
        return self.folder / "repository"

    @property
    def repository(self) -> Path:
        """``MAITRED_FEATURES_REPO``: the data set's own, or the shipped one."""
        return self.own_repository if self.own_repository.is_dir() else default_repository()

    @property
    def journal_url(self) -> str:
        """Of the demo's own journal, whatever the environment says."""
        return Settings(home=self.service, journal="").journal_url

    @property
    def config(self) -> Path:
        """``MAITRED_CONFIG``."""
        return self.folder / "bot.yaml"

    @property
    def log(self) -> Path:
        """What the service says."""
        return self.folder / "service.log"

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the demo's child processes: it must not touch another deployment's journal."""
        return {
            **os.environ,
            "MAITRED_HOME": str(self.service),
            "MAITRED_CONFIG": str(self.config),
            "MAITRED_OFFLINE": str(self.offline),
            "MAITRED_FEATURES_REPO": str(self.repository),
            "MAITRED_JOURNAL": self.journal_url,
        }

    @property
    def is_prepared(self) -> bool:
        """Whether an earlier demo loaded its customers here."""
        return (self.folder / MARKER).is_file()

    def clear(self) -> Path | None:
        """Make the folder empty. What an earlier demo left is moved aside, never deleted; returns where to.

        Raises:
            DemoFailed: there is something here that no demo made.
        """
        if not self.folder.exists() or not any(self.folder.iterdir()):
            return None
        if not self.is_prepared and not self.config.is_file():
            raise DemoFailed(f"{self.folder} is not empty and not a demo's: choose another folder with --home")
        aside = self.folder.with_name(f"{self.folder.name}-{datetime.now():%Y%m%d-%H%M%S}")
        self.folder.rename(aside)
        return aside

    def write_config(self, config: Config, comment: str) -> None:
        """Write the bot's YAML, unless it is there; ``comment`` begins it."""
        self.service.mkdir(parents=True, exist_ok=True)
        if not self.config.exists():
            text = yaml.safe_dump(msgspec.to_builtins(config), sort_keys=False, allow_unicode=True, width=110)
            self.config.write_text(f"# {comment}\n{text}")

    def mark(self) -> None:
        """Say that this is a demo's folder, and complete."""
        (self.folder / MARKER).touch()
