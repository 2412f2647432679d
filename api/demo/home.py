"""The demo's folder: a home for the service, the bot's YAML with short windows, and the customers as Parquet."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml

from api.demo.errors import DemoFailed
from api.settings import EXAMPLE_CONFIG
from feature_repo.seed import write_activity, write_profiles
from simulator.worlds.customers import Customer

MARKER = "demo-home"
WINDOW, GRACE = "5s", "1s"
HEADER = f"""\
# A copy of {EXAMPLE_CONFIG.name} for the demo, where the comments are. Only the reward windows differ:
# {WINDOW} with {GRACE} of grace, so that what takes an hour in a shop is over in seconds.
"""


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
    def config(self) -> Path:
        """``MAITRED_CONFIG``."""
        return self.folder / "bot.yaml"

    @property
    def log(self) -> Path:
        """What the service says."""
        return self.folder / "service.log"

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the demo's child processes."""
        return {
            **os.environ,
            "MAITRED_HOME": str(self.service),
            "MAITRED_CONFIG": str(self.config),
            "MAITRED_OFFLINE": str(self.offline),
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

    def write_config(self) -> None:
        """Write the bot's YAML, unless it is there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.config.exists():
            self.config.write_text(with_short_windows(EXAMPLE_CONFIG.read_text()))

    def write_customers(self, customers: Sequence[Customer]) -> None:
        """Write what is known about the customers, for Feast to load."""
        self.service.mkdir(exist_ok=True)
        write_profiles([customer.profile_row() for customer in customers], self.offline)
        write_activity([customer.activity_row() for customer in customers], self.offline)

    def mark(self) -> None:
        """Say that this is a demo's folder, and complete."""
        (self.folder / MARKER).touch()


def with_short_windows(text: str) -> str:
    """A bot's YAML with every reward window and grace shortened."""
    config = yaml.safe_load(text)
    for placement in config["placements"].values():
        placement["reward"] |= {"window": WINDOW, "grace": GRACE}
    return HEADER + yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=110)
