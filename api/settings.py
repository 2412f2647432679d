"""Environment of a deployment: every ``MAITRED_…`` variable, with its default."""

from __future__ import annotations

from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.limits import CEILING, LEAST_DEPTH, Limits
from engine.snapshots import KEEP
from engine.spool.folder import MAX_BYTES
from engine.tenure import TTL_US
from features.guarded.store import DEADLINE_MS

EXAMPLE_CONFIG = Path(__file__).parent / "examples" / "shop.yaml"
SHIPPED_REPO = Path(__file__).parent.parent / "feature_repo"
_DEFAULT = Limits()


class Settings(BaseSettings):
    """Read once, at the start of a process, and passed down."""

    model_config = SettingsConfigDict(env_prefix="MAITRED_", env_ignore_empty=True, frozen=True, extra="ignore")

    home: Path = Field(default=Path(".maitred"), description="the one folder in which a deployment keeps its state")
    config: Path = Field(default=EXAMPLE_CONFIG, description="the bot's YAML; the example shop by default")
    journal: str = Field(default="", description="journal URL; sqlite:///<home>/journal.db by default")
    archive: str = Field(default="", description="the archive's folder or fsspec URL; <home>/archive by default")
    durability: Literal["power", "process"] = Field(
        default="power", description="what an acknowledged record survives: loss of power, or only of the process"
    )
    features_reader: Literal["direct", "sdk"] = Field(
        default="direct", description="read Feast's store layout directly, or through Feast in a process of its own"
    )
    features_deadline_ms: float = Field(
        default=DEADLINE_MS,
        gt=0,
        le=60_000,
        description="longest wait for features; then the last known ones stand in, or defaults",
    )
    features_repo: Path = Field(default=SHIPPED_REPO, description="the Feast repository")
    max_body_bytes: int = Field(
        default=_DEFAULT.max_body_bytes,
        ge=1_024,
        le=CEILING.max_body_bytes,
        description="larger request bodies are refused (413)",
    )
    max_depth: int = Field(
        default=_DEFAULT.max_depth,
        ge=LEAST_DEPTH,
        le=CEILING.max_depth,
        description="objects and lists within each other in a body",
    )
    max_actions: int = Field(
        default=_DEFAULT.max_actions,
        ge=1,
        le=CEILING.max_actions,
        description="actions that one request may bring, or exclude",
    )
    max_action_features: int = Field(
        default=_DEFAULT.max_action_features,
        ge=1,
        le=CEILING.max_action_features,
        description="features of one action that the bot brings",
    )
    max_context_keys: int = Field(
        default=_DEFAULT.max_context_keys,
        ge=1,
        le=CEILING.max_context_keys,
        description="keys of one context, and of one event's properties",
    )
    max_placements: int = Field(
        default=_DEFAULT.max_placements, ge=1, le=CEILING.max_placements, description="placements of one turn"
    )
    max_outcomes: int = Field(
        default=_DEFAULT.max_outcomes, ge=1, le=CEILING.max_outcomes, description="outcomes of one report"
    )
    max_events: int = Field(
        default=_DEFAULT.max_events, ge=1, le=CEILING.max_events, description="session events of one report"
    )
    max_text_length: int = Field(
        default=_DEFAULT.max_text_length,
        ge=1,
        le=CEILING.max_text_length,
        description="characters of one value in a context, in features or in properties",
    )

    spool_max_bytes: int = Field(
        default=MAX_BYTES,
        ge=4_096,
        le=1 << 30,
        description="what each process keeps on its disk for a journal that is out of reach",
    )
    keep_snapshots: int = Field(
        default=KEEP,
        ge=1,
        le=10_000,
        description="published models of each placement that are kept, beside those from which a lineage starts",
    )
    lease_seconds: float = Field(
        default=TTL_US / 1e6,
        ge=1.0,
        le=600.0,
        description="so long after a learner died or froze, another one that stands by takes its place",
    )
    require_keys: bool = Field(
        default=False, description="callers need an API key on loopback, too: there is a proxy before the service"
    )

    @property
    def journal_url(self) -> str:
        """Where the journal is."""
        return self.journal or f"sqlite:///{(self.home / 'journal.db').absolute()}"

    @cached_property
    def limits(self) -> Limits:
        """How much one request may ask for."""
        return Limits(**{field.name: getattr(self, field.name) for field in fields(Limits)})

    @property
    def keys_path(self) -> Path:
        """The key table: the only place whose loss makes every sealed part unreadable."""
        return self.home / "keys.db"

    @property
    def api_keys_path(self) -> Path:
        """Who may call: hashes of API keys, with their roles."""
        return self.home / "api_keys.json"

    @property
    def snapshots_path(self) -> Path:
        """The folder of published snapshots."""
        return self.home / "snapshots"

    @property
    def archive_place(self) -> str:
        """Where the archive is: a folder, or a URL."""
        return self.archive or str(self.home / "archive")

    @property
    def spool_path(self) -> Path:
        """What waits for a journal that is out of reach: a folder for every shard."""
        return self.home / "spool"

    @property
    def quarantine_path(self) -> Path:
        """What was refused or made safe, counted."""
        return self.home / "quarantine.db"

    @property
    def plan_path(self) -> Path:
        """The compiled feature plan."""
        return self.home / "features" / "plan.json"
