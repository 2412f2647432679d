"""The deployment under examination: what several checks look at, read once, without changing it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import msgspec

from api.doctor.disk_space import SpaceAt, space_at
from api.doctor.glance import Glance
from api.doctor.heartbeat import Heartbeat, learner_lives, read_heartbeat
from api.doctor.redis_glance import RedisGlance
from api.doctor.scrape import Samples, Service
from api.settings import Settings
from engine import config_file
from engine.config import Config
from engine.encode.standard import StandardSpec
from engine.errors import ConfigError, JournalError
from engine.journal.cluster_url import CLUSTER
from engine.journal.open import REDIS, count_shards
from engine.journal.shards import shard_of
from engine.snapshots import SnapshotStore
from features import plan as plans
from features.clock import Clock, wall_clock
from features.errors import PlanError
from features.plan import Plan


@dataclass(frozen=True)
class Patient:
    """A part that cannot be read is ``None`` here: the check whose part it is says why.

    Args:
        ask: asks the running service, if there is one.
        clock, space_at: the machine's.
        shard: of the journal: which one's learner and records are looked at.
    """

    settings: Settings
    ask: Callable[[], Service]
    clock: Clock = wall_clock
    space_at: SpaceAt = space_at
    shard: int = 0

    @cached_property
    def shards(self) -> int:
        """How many the journal has; 1 also while that cannot be told."""
        with suppress(ConfigError, JournalError):
            return max(1, count_shards(self.settings.journal_url, make=False))
        return 1

    @cached_property
    def each_shard(self) -> tuple[Patient, ...]:
        """The same deployment, with each shard of the journal in turn."""
        return tuple(replace(self, shard=shard, ask=lambda: self.service) for shard in range(self.shards))

    def with_placement(self, name: str) -> Patient:
        """The same deployment, with the shard of a placement."""
        return self.each_shard[shard_of(name, self.shards)]

    @cached_property
    def config(self) -> Config | None:
        """The bot's configuration."""
        with suppress(ConfigError):
            return config_file.load(self.settings.config)
        return None

    @cached_property
    def plan(self) -> Plan | None:
        """The compiled feature plan."""
        with suppress(PlanError, UnicodeDecodeError):
            return plans.load(self.settings.plan_path)
        return None

    @cached_property
    def encoder_version(self) -> str | None:
        """Of the encoder that serving would use now."""
        plan = self.plan
        return None if plan is None else StandardSpec.of(plan).version

    @cached_property
    def heartbeat(self) -> Heartbeat | None:
        """The learner's last sign of life."""
        with suppress(OSError, msgspec.DecodeError):
            return read_heartbeat(self.settings.home, self.shard)
        return None

    @cached_property
    def learner_lives(self) -> bool:
        """Whether a learner holds the home's lock."""
        with suppress(OSError):
            return learner_lives(self.settings.home, self.shard)
        return False

    @cached_property
    def service(self) -> Service:
        """Whatever answers at the URL."""
        return self.ask()

    @cached_property
    def samples(self) -> Samples | None:
        """The metrics of this home's running service."""
        return self.service.samples if self.service.serves(self.settings.home) else None

    @property
    def journal(self) -> Glance | RedisGlance:
        """The shard of the journal, where it ends."""
        url = self.settings.journal_url
        if url.startswith((*REDIS, *CLUSTER)):
            return RedisGlance(url, self.settings.durability, self.shard)
        return Glance(url)

    @property
    def snapshots(self) -> SnapshotStore:
        """The published models."""
        return SnapshotStore(self.settings.snapshots_path)
