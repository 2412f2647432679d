"""Environment of a deployment: every ``MAITRED_…`` variable, with its default."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

EXAMPLE_CONFIG = Path(__file__).parent / "examples" / "shop.yaml"
SHIPPED_REPO = Path(__file__).parent.parent / "feature_repo"


class Settings(BaseSettings):
    """Read once, at the start of a process, and passed down."""

    model_config = SettingsConfigDict(env_prefix="MAITRED_", env_ignore_empty=True, frozen=True, extra="ignore")

    home: Path = Field(default=Path(".maitred"), description="the one folder in which a deployment keeps its state")
    config: Path = Field(default=EXAMPLE_CONFIG, description="the bot's YAML; the example shop by default")
    journal: str = Field(default="", description="journal URL; sqlite:///<home>/journal.db by default")
    durability: Literal["power", "process"] = Field(
        default="power", description="what an acknowledged record survives: loss of power, or only of the process"
    )
    features_reader: Literal["direct", "sdk"] = Field(
        default="direct", description="read Feast's store layout directly, or through Feast in a process of its own"
    )
    features_repo: Path = Field(default=SHIPPED_REPO, description="the Feast repository")
    max_body_bytes: int = Field(default=262_144, ge=1_024, description="larger request bodies are refused (413)")

    @property
    def journal_url(self) -> str:
        """Where the journal is."""
        return self.journal or f"sqlite:///{(self.home / 'journal.db').absolute()}"

    @property
    def keys_path(self) -> Path:
        """The key table: the only place whose loss makes every sealed part unreadable."""
        return self.home / "keys.db"

    @property
    def snapshots_path(self) -> Path:
        """The folder of published snapshots."""
        return self.home / "snapshots"

    @property
    def plan_path(self) -> Path:
        """The compiled feature plan."""
        return self.home / "features" / "plan.json"
